import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';

/** About 1 kB each. */
const MAX_TOKENS = 10_000;

/**
 * Tokens whose signature was verified, by their SHA-256: one that comes again, as all do when a network comes back, costs
 * a digest instead of a thread-pool job. Holds no token; what depends on time is the caller's to check again.
 */
export class VerifiedTokens {
  readonly #payloads = new Map<string, JWTPayload>();

  /** The payload of this very token, or the digest to {@link remember} it under. */
  find(token: string): { readonly payload: JWTPayload | undefined; readonly digest: string } {
    // One character a byte: the shortest string there is for it.
    const digest = hash('sha256', token, 'binary');
    return { payload: this.#payloads.get(digest), digest };
  }

  /** The longest known one is forgotten first. */
  remember(digest: string, payload: JWTPayload): void {
    this.#payloads.set(digest, Object.freeze(payload));
    if (this.#payloads.size <= MAX_TOKENS) return;
    for (const oldest of this.#payloads.keys()) {
      this.#payloads.delete(oldest);
      return;
    }
  }
}
