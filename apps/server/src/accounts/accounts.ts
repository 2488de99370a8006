import { TrunklineError } from '@trunkline/protocol';
import type { Accounts, TokenIssuer } from '@trunkline/server';
import { compare, getRounds } from 'bcrypt';
import { type Account, BCRYPT_COST, MAX_PASSWORD_BYTES } from './account.js';
import { limitConcurrency } from './limited-concurrency.js';
import type { LoginLimiter } from './login-limiter.js';

export interface AccountsOptions {
  readonly accounts: readonly Account[];
  readonly issuer: TokenIssuer;
  readonly limiter: LoginLimiter;
  /** Whom the test token is for; absent: there is none. */
  readonly testUser?: { readonly userId: string };
}

/** Half of libuv's four threads: the others keep serving files and DNS. */
const CONCURRENT_HASHES = 2;
const QUEUED_HASHES = 200;

/** Accounts behind the login endpoints. An unknown name takes as long as a wrong password and gets the same answer. */
export function createAccounts(options: AccountsOptions): Accounts {
  const { accounts, issuer, limiter, testUser } = options;
  const byLogin = new Map(
    accounts.flatMap((account) =>
      [account.name, account.phone].flatMap((login) => (login === undefined ? [] : [[login, account] as const])),
    ),
  );
  const cost = accounts.length === 0 ? BCRYPT_COST : Math.max(...accounts.map((account) => getRounds(account.hash)));
  const decoy = decoyHash(cost);
  const hashing = limitConcurrency({
    width: CONCURRENT_HASHES,
    queued: QUEUED_HASHES,
    refuse: () =>
      new TrunklineError('rate_limited', 'Too many people log in at the moment; try again.', { retryAfterMs: 1_000 }),
  });

  return {
    async login(name, password, address) {
      const account = byLogin.get(name);
      // One budget of guesses for one password, by whatever name it is asked for.
      const guessed = account?.name ?? name;
      await limiter.attempt(guessed, address);
      const right = await hashing(async () => compare(password, account?.hash ?? decoy));
      if (!account || !right || Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
        throw new TrunklineError('unauthenticated', 'The name or the password is wrong.');
      }
      await limiter.succeeded(guessed, address);
      return issuer.issue({
        userId: account.id,
        roles: account.roles ?? [],
        ...(account.company_id === undefined ? {} : { companyId: account.company_id }),
      });
    },
    testToken: async () => (testUser ? issuer.issueTestToken(testUser) : null),
  };
}

/** Compared with for unknown names: a well-formed hash of the same cost that belongs to no password. */
function decoyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
}
