import {
  type Accounts,
  type Authenticator,
  createJwtAuthenticator,
  createTokenIssuer,
  type TokenIssuer,
} from '@trunkline/server';
import { createAccounts } from '../accounts/accounts.js';
import { DEVELOPMENT_ACCOUNTS } from '../accounts/development-accounts.js';
import type { LoginLimiter } from '../accounts/login-limiter.js';
import { readUsersFile } from '../accounts/users-file.js';
import { ConfigurationError } from '../config/configuration-error.js';
import type { Configuration } from '../config/read-configuration.js';

/** Who may come in, and who is let in by name and password. */
export interface Identity {
  readonly authenticator: Authenticator;
  /** Absent without a secret: tokens then come from elsewhere. */
  readonly accounts?: Accounts;
  readonly issuer?: TokenIssuer;
}

/** @throws {ConfigurationError} for a public key or accounts that can not be used */
export async function createIdentity(configuration: Configuration, limiter: LoginLimiter): Promise<Identity> {
  const { keys, production } = configuration;
  const authenticator = createAuthenticator(configuration);
  const { secret, issuer: iss, audience } = keys;
  if (secret === undefined) return { authenticator };
  const issuer = createTokenIssuer({
    secret,
    ...(iss === undefined ? {} : { issuer: iss }),
    ...(audience === undefined ? {} : { audience }),
  });
  const accounts = createAccounts({
    accounts: await accountsOf(configuration),
    issuer,
    limiter,
    ...(production ? {} : { testUser: { userId: 'test-user' } }),
  });
  return { authenticator, accounts, issuer };
}

async function accountsOf({ production, usersFile }: Configuration) {
  if (usersFile !== undefined) return readUsersFile(usersFile);
  return production ? [] : DEVELOPMENT_ACCOUNTS;
}

function createAuthenticator({ keys, production }: Configuration): Authenticator {
  const { secret, jwksUrl, publicKey, issuer, audience } = keys;
  try {
    return createJwtAuthenticator({
      ...(secret === undefined ? {} : { secret }),
      ...(jwksUrl === undefined ? {} : { jwks: { url: jwksUrl } }),
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
      dangerouslyAllowTestToken: !production,
    });
  } catch (error) {
    if (error instanceof TypeError && publicKey !== undefined)
      throw new ConfigurationError('JWT_PUBLIC_KEY', error.message);
    throw error;
  }
}
