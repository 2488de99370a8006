import { createHmac } from 'node:crypto';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs tokens with any claims, also ones that a server would not issue. */
export function signer(secret: string) {
  return (userId: string, claims: Readonly<Record<string, unknown>> = {}): string => {
    const now = Math.floor(Date.now() / 1_000);
    const body = `${encode({ alg: 'HS256' })}.${encode({ sub: userId, iat: now, exp: now + 600, ...claims })}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  };
}
