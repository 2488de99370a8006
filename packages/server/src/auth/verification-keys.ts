import { createPublicKey, type KeyObject } from 'node:crypto';
import { type CryptoKey, importSPKI, type JWTVerifyGetKey } from 'jose';

/** Finds the key for a token's header; the header's algorithm is on the pinned list already. */
export interface KeySource {
  readonly algorithms: readonly string[];
  readonly key: JWTVerifyGetKey<CryptoKey>;
  /** Its keys never change while the process lives. */
  readonly lasts: boolean;
}

/** Every asymmetric algorithm we accept. */
export const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export type AsymmetricAlgorithm = (typeof ASYMMETRIC_ALGORITHMS)[number];

/** A shared secret, for HS256 only. Imported once: a CryptoKey verifies twice as fast as raw bytes. */
export function secretKeySource(secret: string): KeySource {
  const imported = importSecret(secret, 'verify');
  return { algorithms: ['HS256'], key: () => imported, lasts: true };
}

export function importSecret(secret: string, usage: 'sign' | 'verify'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    usage,
  ]);
}

/**
 * A public key or certificate in PEM. It is never handed over as bytes, so it can not be taken for an HMAC secret.
 *
 * @param pinned @default every algorithm that fits the key
 * @throws {TypeError} one sentence, for text that is no public key and for pinned algorithms that do not fit it
 */
export function publicKeySource(pem: string, pinned?: readonly AsymmetricAlgorithm[]): KeySource {
  const publicKey = readPublicKey(pem);
  const fitting = algorithmsFor(publicKey);
  const algorithms = pinned ? fitting.filter((algorithm) => pinned.includes(algorithm)) : fitting;
  if (algorithms.length === 0) throw new TypeError('The public key fits none of the allowed algorithms.');
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const imported = new Map<string, Promise<CryptoKey>>();
  return {
    algorithms,
    lasts: true,
    key({ alg }) {
      const known = imported.get(alg);
      if (known) return known;
      const key = importSPKI(spki, alg);
      imported.set(alg, key);
      return key;
    },
  };
}

function readPublicKey(pem: string): KeyObject {
  if (/PRIVATE KEY/.test(pem)) throw new TypeError('A public key is wanted, and this is a private one.');
  try {
    return createPublicKey(pem);
  } catch {
    throw new TypeError('This is not a public key in PEM.');
  }
}

function algorithmsFor(key: KeyObject): readonly AsymmetricAlgorithm[] {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2_048)
        throw new TypeError('An RSA key needs at least 2048 bits.');
      return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'ec':
      return curveAlgorithms(key.asymmetricKeyDetails?.namedCurve);
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
    default:
      throw new TypeError('A public key must be RSA, EC (P-256, P-384, P-521) or Ed25519.');
  }
}

function curveAlgorithms(curve: string | undefined): readonly AsymmetricAlgorithm[] {
  switch (curve) {
    case 'prime256v1':
      return ['ES256'];
    case 'secp384r1':
      return ['ES384'];
    case 'secp521r1':
      return ['ES512'];
    default:
      throw new TypeError('An EC key must be on P-256, P-384 or P-521.');
  }
}
