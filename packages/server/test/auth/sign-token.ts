import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { createJwtAuthenticator, type JwtAuthenticatorOptions } from '../../src/auth/index.js';

export const secret = 'a secret of at least thirty-two bytes';

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });

export const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

export const now = () => Math.floor(Date.now() / 1_000);

export const bytes = (text: string) => new TextEncoder().encode(text);

export function sign(
  claims: Record<string, unknown>,
  options: { header?: Partial<JWTHeaderParameters>; key?: KeyObject | Uint8Array } = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...options.header }).sign(options.key ?? bytes(secret));
}

export const good = (claims: Record<string, unknown> = {}) => ({ sub: 'u1', exp: now() + 60, ...claims });

export const authenticate = (token: string, options: JwtAuthenticatorOptions = { secret }) =>
  createJwtAuthenticator(options).authenticate(token);
