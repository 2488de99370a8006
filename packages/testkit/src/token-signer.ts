import { createHmac } from 'node:crypto';

/** Signs a token (HS256, ten minutes) with any claims, also such as no server would issue. */
export type TokenSigner = (userId: string, claims?: Readonly<Record<string, unknown>>) => string;

export function createTokenSigner(secret: string): TokenSigner {
  return (userId, claims = {}) => {
    const now = Math.floor(Date.now() / 1_000);
    const body = `${encode({ alg: 'HS256' })}.${encode({ sub: userId, iat: now, exp: now + 600, ...claims })}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
