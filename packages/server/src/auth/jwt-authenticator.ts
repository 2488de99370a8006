import { TrunklineError } from '@trunkline/protocol';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from 'jose';
import type { Authenticator, Principal } from '../seams/authenticator.js';
import { type JwksOptions, jwksKeySource } from './jwks-key-source.js';
import { principalFromClaims, TEST_TOKEN_CLAIM } from './principal-from-claims.js';
import { type AsymmetricAlgorithm, type KeySource, publicKeySource, secretKeySource } from './verification-keys.js';
import { VerifiedTokens } from './verified-tokens.js';

export interface JwtAuthenticatorOptions {
  /** HS256 secret, at least 32 bytes. May stand beside `jwks` or `publicKey`: the algorithm decides. */
  readonly secret?: string;
  readonly jwks?: JwksOptions;
  /** A public key or certificate in PEM. */
  readonly publicKey?: string;
  /** Pins the algorithms of `publicKey`. @default every one that fits the key */
  readonly algorithms?: readonly AsymmetricAlgorithm[];
  /** `iss` must be this. @default not checked */
  readonly issuer?: string;
  /** `aud` must hold this. @default not checked */
  readonly audience?: string;
  /** Clock difference forgiven for `exp`, `nbf` and `iat`; for the last two at least 10. @default 5 */
  readonly toleranceSeconds?: number;
  /** The longest life, `iat` (or now) to `exp`, that a token may claim: a sanity bound. @default 31_622_400 (366 days) */
  readonly maxLifetimeSeconds?: number;
  /** Accept the development test token, which never ends. Never in production. @default false */
  readonly dangerouslyAllowTestToken?: boolean;
}

/** So far the clock of an issuer may be ahead (FAPI 2.0): else each of its fresh tokens would be refused. */
const AHEAD_SECONDS = 10;
const MAX_TOKEN_LENGTH = 16_384;
const ACCESS_TOKEN_TYPES = ['jwt', 'at+jwt', 'application/at+jwt'];
const BAD_TOKEN = 'The token is not valid.';

/**
 * Verifies JSON Web Tokens: pinned algorithms, `sub` and `exp` required, `iss` and `aud` where configured, refresh tokens
 * refused. Errors are `unauthenticated`, `token_expired` and `unavailable` with messages of ours, never the library's.
 *
 * @throws {TypeError} one sentence, for options that can not work
 */
export function createJwtAuthenticator(options: JwtAuthenticatorOptions): Authenticator {
  const { toleranceSeconds = 5, maxLifetimeSeconds = 31_622_400, dangerouslyAllowTestToken = false } = options;
  const sources = keySources(options);
  const verified = new VerifiedTokens();
  const aheadSeconds = Math.max(AHEAD_SECONDS, toleranceSeconds);
  const claims = {
    // `exp` is checked again, with its own.
    clockTolerance: aheadSeconds,
    ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    ...(options.audience === undefined ? {} : { audience: options.audience }),
  };

  return {
    async authenticate(token) {
      const source = sourceFor(token, sources);
      const payload = source.lasts ? await verifyOnce(token, source) : await verify(token, source);
      const now = Math.floor(Date.now() / 1_000);
      if (payload.exp !== undefined && payload.exp <= now - toleranceSeconds) throw expired();
      const refusal = flawOf(payload, now);
      if (refusal) throw new TrunklineError('unauthenticated', refusal);
      return principalOf(payload);
    },
  };

  /** For keys that never change: a signature that was good stays good. */
  async function verifyOnce(token: string, source: KeySource): Promise<JWTPayload> {
    const { payload, digest } = verified.find(token);
    if (payload === undefined) {
      const fresh = await verify(token, source);
      verified.remember(digest, fresh);
      return fresh;
    }
    return payload;
  }

  async function verify(token: string, source: KeySource): Promise<JWTPayload> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, source.key, {
        ...claims,
        algorithms: [...source.algorithms],
        requiredClaims: ['sub'],
      });
      if (!isAccessToken(protectedHeader.typ, payload))
        throw new TrunklineError('unauthenticated', 'This is not an access token.');
      return payload;
    } catch (error) {
      throw asRefusal(error);
    }
  }

  function flawOf(payload: JWTPayload, now: number): string | null {
    const { exp, iat, nbf } = payload;
    // The clock may have been set back since it was verified.
    if (nbf !== undefined && nbf > now + aheadSeconds) return BAD_TOKEN;
    if (exp === undefined)
      return dangerouslyAllowTestToken && payload[TEST_TOKEN_CLAIM] === true ? null : 'The token has no exp claim.';
    if (!Number.isFinite(exp) || (iat !== undefined && !Number.isFinite(iat))) return BAD_TOKEN;
    if (iat !== undefined && iat > now + aheadSeconds) return 'The token was issued in the future; check the clocks.';
    if (exp - (iat ?? now) > maxLifetimeSeconds) return 'The token lives too long.';
    return null;
  }
}

function keySources(options: JwtAuthenticatorOptions): readonly KeySource[] {
  const { secret, jwks, publicKey, algorithms } = options;
  if (jwks && publicKey !== undefined) throw new TypeError('Give either a JWKS URL or a public key.');
  if (secret !== undefined && Buffer.byteLength(secret) < 32)
    throw new TypeError('The secret needs at least 32 bytes.');
  const sources: KeySource[] = [];
  if (secret !== undefined) sources.push(secretKeySource(secret));
  if (jwks) sources.push(jwksKeySource(jwks));
  if (publicKey !== undefined) sources.push(publicKeySource(publicKey, algorithms));
  if (sources.length === 0) throw new TypeError('Give a secret, a JWKS URL or a public key.');
  return sources;
}

/** The algorithm alone decides whose key is asked, so a public key can never verify an HMAC. */
function sourceFor(token: string, sources: readonly KeySource[]): KeySource {
  const { alg } = headerOf(token);
  const source = sources.find((candidate) => alg !== undefined && candidate.algorithms.includes(alg));
  if (!source) throw new TrunklineError('unauthenticated', BAD_TOKEN);
  return source;
}

function headerOf(token: string): ProtectedHeaderParameters {
  if (token.length > MAX_TOKEN_LENGTH) throw new TrunklineError('unauthenticated', BAD_TOKEN);
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new TrunklineError('unauthenticated', BAD_TOKEN);
  }
}

/** RFC 9068 types by header; the claims are how Keycloak, Cognito and others mark a refresh token. */
function isAccessToken(type: string | undefined, payload: JWTPayload): boolean {
  if (type !== undefined && !ACCESS_TOKEN_TYPES.includes(type.toLowerCase())) return false;
  return ![payload.typ, payload.type, payload.use, payload.token_use, payload.token_type].some(
    (mark) => typeof mark === 'string' && mark.toLowerCase().startsWith('refresh'),
  );
}

function principalOf(payload: JWTPayload): Principal {
  const principal = principalFromClaims(payload);
  if (!principal) throw new TrunklineError('unauthenticated', 'The sub claim must be a string of 1 to 128 characters.');
  return principal;
}

function expired(): TrunklineError {
  return new TrunklineError('token_expired', 'The token has expired.');
}

function asRefusal(error: unknown): TrunklineError {
  if (error instanceof TrunklineError) return error;
  if (error instanceof errors.JWTExpired) return expired();
  if (isKeyFetchFailure(error))
    return new TrunklineError('unavailable', 'The keys that verify tokens can not be fetched.', { cause: error });
  return new TrunklineError('unauthenticated', BAD_TOKEN);
}

/** jose throws its plain base class for a bad JWKS answer, and passes on what fetch throws. */
function isKeyFetchFailure(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return (
    error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC'
  );
}
