import type { JWTPayload } from 'jose';
import { CommandError, EXIT } from './exit-code.js';

const MIN_SECRET_BYTES = 32;

/** @throws {CommandError} when JWT_SECRET is missing or too short for a server to take */
export function signingSecret({ JWT_SECRET: secret }: NodeJS.ProcessEnv): string {
  if (!secret)
    throw new CommandError(
      EXIT.configuration,
      'JWT_SECRET is not set: set it to the secret that the server verifies with.',
      'configuration',
    );
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    throw new CommandError(
      EXIT.configuration,
      `JWT_SECRET needs at least ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 48`,
      'configuration',
    );
  return secret;
}

/** Signs the claims as the server expects them; JWT_ISSUER and JWT_AUDIENCE are added where they are set. */
export async function signToken(secret: string, claims: JWTPayload, env: NodeJS.ProcessEnv): Promise<string> {
  const { SignJWT } = await import('jose');
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' });
  if (env.JWT_ISSUER) jwt.setIssuer(env.JWT_ISSUER);
  if (env.JWT_AUDIENCE) jwt.setAudience(env.JWT_AUDIENCE);
  return jwt.sign(new TextEncoder().encode(secret));
}
