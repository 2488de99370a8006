import { addressKey } from '@trunkline/server';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { consume } from './consume.js';

/** Bounds guessing: by account, and by address over all accounts. */
export interface LoginLimiter {
  /** Counts an attempt before it is judged. @throws {TrunklineError} `rate_limited` with retryAfterMs */
  attempt(name: string, address: string): Promise<void>;
  /** Takes the attempt back: it was right. */
  succeeded(name: string, address: string): Promise<void>;
}

const TOO_MANY = 'Too many attempts to log in; wait before the next.';
const WINDOW_SECONDS = 300;
const ATTEMPTS_PER_ACCOUNT = 10;
const ATTEMPTS_PER_ADDRESS = 100;

/** @param redis a client of ioredis; without it each process counts for itself, and so does each while Redis is away */
export function createLoginLimiter(redis?: { readonly client: unknown; readonly prefix: string }): LoginLimiter {
  const accounts = limiter('login-account', ATTEMPTS_PER_ACCOUNT);
  const addresses = limiter('login-address', ATTEMPTS_PER_ADDRESS);

  return {
    async attempt(name, address) {
      await consume(addresses, addressKey(address), TOO_MANY);
      await consume(accounts, name, TOO_MANY);
    },
    async succeeded(name, address) {
      await Promise.allSettled([accounts.delete(name), addresses.reward(addressKey(address))]);
    },
  };

  function limiter(purpose: string, points: number): RateLimiterAbstract {
    const memory = new RateLimiterMemory({ keyPrefix: purpose, points, duration: WINDOW_SECONDS });
    if (!redis) return memory;
    return new RateLimiterRedis({
      storeClient: redis.client,
      keyPrefix: `${redis.prefix}:${purpose}`,
      points,
      duration: WINDOW_SECONDS,
      insuranceLimiter: memory,
      rejectIfRedisNotReady: true,
    });
  }
}
