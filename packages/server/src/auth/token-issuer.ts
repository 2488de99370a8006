import { SignJWT } from 'jose';
import type { IssuedToken } from '../seams/gateway.js';
import { isSubject, TEST_TOKEN_CLAIM } from './principal-from-claims.js';
import { importSecret } from './verification-keys.js';

export interface TokenIssuerOptions {
  /** At least 32 bytes; the authenticator's own. */
  readonly secret: string;
  readonly issuer?: string;
  readonly audience?: string;
  /** @default 1_800 */
  readonly lifetimeSeconds?: number;
}

/** Whom a token is for. */
export interface TokenSubject {
  readonly userId: string;
  readonly roles?: readonly string[];
  readonly companyId?: string;
}

/** Signs HS256 access tokens for the login endpoints. Rejects with {@link TypeError} for a `userId` that is no 1 to 128 characters. */
export interface TokenIssuer {
  issue(subject: TokenSubject): Promise<IssuedToken>;
  /** A token without `exp`, which only an authenticator with `dangerouslyAllowTestToken` accepts. */
  issueTestToken(subject: TokenSubject): Promise<IssuedToken>;
}

export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { lifetimeSeconds = 1_800 } = options;
  const key = importSecret(options.secret, 'sign');

  return {
    async issue(subject) {
      const token = await draft(subject, {})
        .setExpirationTime(`${lifetimeSeconds} seconds`)
        .sign(await key);
      return { token, expiresIn: lifetimeSeconds, userId: subject.userId };
    },
    async issueTestToken(subject) {
      const token = await draft(subject, { [TEST_TOKEN_CLAIM]: true }).sign(await key);
      return { token, expiresIn: null, userId: subject.userId };
    },
  };

  function draft({ userId, roles = [], companyId }: TokenSubject, extra: Record<string, unknown>): SignJWT {
    if (!isSubject(userId)) throw new TypeError('A token is for a userId of 1 to 128 characters.');
    const jwt = new SignJWT({
      ...extra,
      roles: [...roles],
      ...(companyId === undefined ? {} : { company_id: companyId }),
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(userId)
      .setJti(crypto.randomUUID())
      .setIssuedAt();
    if (options.issuer !== undefined) jwt.setIssuer(options.issuer);
    if (options.audience !== undefined) jwt.setAudience(options.audience);
    return jwt;
  }
}
