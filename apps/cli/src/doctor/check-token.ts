import { TrunklineError } from '@trunkline/protocol';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { openClient } from '../open-client.js';
import { type Check, type Finding, fault, messageOf, ok, skipped, warning } from './finding.js';

const RENEW = 'Get a new one from your login, or sign one with "trunkline token".';

/** The token: by itself, against JWT_SECRET if that is here, and against the server. */
export const checkToken: Check = async ({ token, url, env }) => {
  if (!token) return [skipped('token', 'none given (--token or TRUNKLINE_TOKEN)')];
  const alone = readToken(token);
  if (alone.status === 'fault') return [alone];
  return [alone, await againstSecret(token, env), await againstServer(token, url)];
};

function readToken(token: string): Finding {
  try {
    const { sub, exp } = decodeJwt(token);
    if (!sub) return fault('token', 'it names no user (sub)', RENEW);
    if (exp === undefined)
      return warning(
        'token',
        'it never ends',
        'Give it an end (--ttl): a leaked one is good for ever, and production refuses it.',
      );
    const leftSeconds = exp - Math.floor(Date.now() / 1_000);
    if (leftSeconds <= 0) return fault('token', `it ended ${-leftSeconds} s ago`, RENEW);
    return ok('token', `for ${sub}, ${leftSeconds} s left`);
  } catch {
    return fault('token', 'it is no JWT', RENEW);
  }
}

async function againstSecret(
  token: string,
  { JWT_SECRET: secret, JWT_ISSUER, JWT_AUDIENCE }: NodeJS.ProcessEnv,
): Promise<Finding> {
  if (!secret) return skipped('token signature', 'JWT_SECRET is not set here');
  try {
    await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      ...(JWT_ISSUER ? { issuer: JWT_ISSUER } : {}),
      ...(JWT_AUDIENCE ? { audience: JWT_AUDIENCE } : {}),
    });
    return ok('token signature', 'JWT_SECRET signed it');
  } catch (error) {
    if (error instanceof errors.JWTClaimValidationFailed)
      return fault(
        'token signature',
        `its ${error.claim} is not what the server wants`,
        'Align it with JWT_ISSUER and JWT_AUDIENCE.',
      );
    return fault(
      'token signature',
      'another key signed it',
      'Use one JWT_SECRET for whatever signs tokens and the server.',
    );
  }
}

async function againstServer(token: string, url: string): Promise<Finding> {
  try {
    await using client = await openClient({ url, token });
    return ok('token at the server', `accepted, as ${client.userId}`);
  } catch (error) {
    if (!(error instanceof TrunklineError)) return skipped('token at the server', 'no connection, see "server"');
    return fault('token at the server', messageOf(error), RENEW);
  }
}
