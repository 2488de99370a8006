import { createRemoteJWKSet, customFetch } from 'jose';
import { isLoopback } from './loopback.js';
import { ASYMMETRIC_ALGORITHMS, type AsymmetricAlgorithm, type KeySource } from './verification-keys.js';

export interface JwksOptions {
  readonly url: string;
  /** @default every asymmetric one */
  readonly algorithms?: readonly AsymmetricAlgorithm[];
  /** An unknown key id fetches the set at most once in this time. @default 30_000 */
  readonly cooldownMs?: number;
  /** After this time the set is fetched again in the background; the old one serves until that succeeds. @default 600_000 */
  readonly maxAgeMs?: number;
  /** After a failed fetch the next one waits so long. @default 5_000 */
  readonly retryMs?: number;
  /** @default 5_000 */
  readonly timeoutMs?: number;
}

/**
 * Keys from a JWKS URL: rotation is followed, a flood of unknown key ids costs one fetch a cooldown, and cached keys go on
 * working while the URL does not answer.
 *
 * @throws {TypeError} for a URL that is not https, or http to another host than loopback
 */
export function jwksKeySource(options: JwksOptions): KeySource {
  const { cooldownMs = 30_000, maxAgeMs = 600_000, retryMs = 5_000, timeoutMs = 5_000 } = options;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;

  const set = createRemoteJWKSet(trustedUrl(options.url), {
    cooldownDuration: cooldownMs,
    // Expired keys would be dropped before new ones are had: we refresh in the background instead.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    timeoutDuration: timeoutMs,
    async [customFetch](url, init) {
      if (performance.now() - failedAt < retryMs) throw new Error('The JWKS URL did not answer a moment ago.');
      try {
        const response = await fetch(url, init);
        if (response.status !== 200) throw new Error(`The JWKS URL answered ${response.status}.`);
        fetchedAt = performance.now();
        return response;
      } catch (error) {
        failedAt = performance.now();
        throw error;
      }
    },
  });

  return {
    algorithms: options.algorithms ?? ASYMMETRIC_ALGORITHMS,
    lasts: false,
    key(header, token) {
      const stale = set.jwks() !== undefined && performance.now() - fetchedAt > maxAgeMs;
      if (stale && !set.reloading) set.reload().catch(() => undefined);
      return set(header, token);
    },
  };
}

function trustedUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TypeError('The JWKS URL is not a URL.');
  const url = new URL(text);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new TypeError('The JWKS URL must be https (http only to loopback).');
}
