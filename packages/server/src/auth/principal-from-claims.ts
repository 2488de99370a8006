import type { JWTPayload } from 'jose';
import type { Principal } from '../seams/authenticator.js';

/** Marks the development test token: the only one that may lack `exp`. */
export const TEST_TOKEN_CLAIM = 'trunkline_test';

const MAX_SUBJECT_LENGTH = 128;

/**
 * Reads a principal out of verified claims: `sub`, `roles`, `company_id`, `rooms`, `sid`, `jti`, `iat`, `exp`. A claim of
 * another shape grants nothing.
 *
 * @returns null when there is no `sub` as `isSubject` wants it
 */
export function principalFromClaims(claims: JWTPayload): Principal | null {
  const { sub, company_id: companyId, sid, jti, iat, exp } = claims;
  if (!isSubject(sub)) return null;
  return {
    userId: sub,
    roles: stringsOf(claims.roles),
    rooms: stringsOf(claims.rooms),
    claims,
    expiresAt: exp === undefined ? null : exp * 1_000,
    ...(typeof companyId === 'string' ? { companyId } : {}),
    ...(typeof sid === 'string' ? { sessionId: sid } : {}),
    ...(typeof jti === 'string' ? { tokenId: jti } : {}),
    ...(iat === undefined ? {} : { issuedAt: iat * 1_000 }),
  };
}

/** What a `sub` is: a string of 1 to 128 characters. */
export function isSubject(sub: unknown): sub is string {
  return typeof sub === 'string' && sub.length > 0 && sub.length <= MAX_SUBJECT_LENGTH;
}

const NONE: readonly string[] = Object.freeze([]);

function stringsOf(claim: unknown): readonly string[] {
  return Array.isArray(claim) && claim.every((item) => typeof item === 'string') ? claim : NONE;
}
