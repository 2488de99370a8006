import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isLoopback } from '@trunkline/server';
import { ConfigurationError } from './configuration-error.js';
import type { Environment } from './environment.js';

/** How tokens are verified, and what is signed with. */
export interface SigningKeys {
  /** Signs and verifies HS256. Absent in production with a JWKS URL or a public key alone: there are no login endpoints then. */
  readonly secret?: string;
  readonly jwksUrl?: string;
  /** PEM text. */
  readonly publicKey?: string;
  readonly issuer?: string;
  readonly audience?: string;
}

/** Secrets that are printed in documents, on jwt.io and in the wire formats that we serve. */
const PUBLISHED_SECRETS = new Set([
  'a-string-secret-at-least-256-bits-long',
  'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
  'your-256-bit-secret',
  'your-jwt-secret',
  'your-secret-key-change-in-production',
]);
const PLACEHOLDER = /change[-_ ]?(me|this|in[-_ ]?production)|^your[-_ ].*(secret|key)/i;
const MIN_SECRET_BYTES = 32;

/** @throws {ConfigurationError} for no key in production, a weak secret, two ways at once, an untrusted JWKS URL */
export function signingKeys(environment: Environment): SigningKeys {
  const {
    JWT_SECRET: secret,
    JWT_JWKS_URL: jwksUrl,
    JWT_PUBLIC_KEY: publicKey,
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
  } = environment;
  const production = environment.NODE_ENV === 'production';
  if (secret !== undefined) refuseWeakSecret(secret);
  if (jwksUrl !== undefined && publicKey !== undefined)
    throw new ConfigurationError('JWT_PUBLIC_KEY', 'can not be used together with JWT_JWKS_URL.');
  if (jwksUrl !== undefined) refuseUntrustedUrl(jwksUrl);
  const named = secret ?? jwksUrl ?? publicKey;
  if (production && named === undefined) {
    throw new ConfigurationError('JWT_SECRET', 'is required in production (or JWT_JWKS_URL, or JWT_PUBLIC_KEY).');
  }
  const ownSecret = secret ?? (production ? undefined : randomBytes(48).toString('base64url'));
  return {
    ...(ownSecret === undefined ? {} : { secret: ownSecret }),
    ...(jwksUrl === undefined ? {} : { jwksUrl }),
    ...(publicKey === undefined ? {} : { publicKey: pemText(publicKey) }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
}

/** A secret for one purpose, so that none of them can be used for another. */
export function deriveSecret(secret: string, purpose: string): string {
  return createHmac('sha256', secret).update(`trunkline ${purpose}`).digest('hex');
}

function refuseWeakSecret(secret: string): void {
  if (PUBLISHED_SECRETS.has(secret.toLowerCase()) || PLACEHOLDER.test(secret)) {
    throw new ConfigurationError('JWT_SECRET', 'is a well-known default; make one with: openssl rand -base64 48');
  }
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    throw new ConfigurationError(
      'JWT_SECRET',
      `needs at least ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48`,
    );
  }
}

function refuseUntrustedUrl(text: string): void {
  const url = new URL(text);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new ConfigurationError('JWT_JWKS_URL', 'must be https (http only to loopback).');
  }
}

/** PEM text, with its line ends as they are or written as \n, or the path of a PEM file. */
function pemText(value: string): string {
  if (value.includes('-----BEGIN')) return value.replaceAll('\\n', '\n');
  try {
    return readFileSync(value, 'utf8');
  } catch {
    throw new ConfigurationError('JWT_PUBLIC_KEY', 'is neither a public key in PEM nor a file that can be read.');
  }
}
