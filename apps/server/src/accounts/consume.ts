import { TrunklineError } from '@trunkline/protocol';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';

/** Takes a point of the key's. @throws {TrunklineError} `rate_limited` with retryAfterMs and this message when it has none left */
export async function consume(limiter: RateLimiterAbstract, key: string, message: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (reason) {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    throw new TrunklineError('rate_limited', message, { retryAfterMs: reason.msBeforeNext });
  }
}
