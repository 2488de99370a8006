import type { Principal } from '../seams/authenticator.js';
import type { Revocation } from '../seams/revocation-store.js';

export interface RevocationsOptions {
  /** How many are remembered. @default 100_000 */
  readonly capacity?: number;
  /** How long one without `expiresAt` is remembered: as long as a token may live. @default 31_622_400_000 (366 days) */
  readonly retentionMs?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** The tokens that are refused although they verify. In memory; the hub tells every node of each. */
export interface Revocations {
  /** @returns false when an older revocation had to be forgotten to make room: tell the operator */
  add(revocation: Revocation): boolean;
  isRevoked(principal: Principal): boolean;
  readonly size: number;
}

interface Entry {
  readonly expiresAt: number;
  /** For subjects: tokens issued before this are refused; infinite: all. */
  readonly issuedBefore: number;
}

export function createRevocations(options: RevocationsOptions = {}): Revocations {
  const { capacity = 100_000, retentionMs = 31_622_400_000, now = Date.now } = options;
  const tokens = new Map<string, Entry>();
  const subjects = new Map<string, Entry>();

  return {
    add(revocation) {
      const expiresAt = revocation.expiresAt ?? now() + retentionMs;
      if ('tokenId' in revocation) {
        tokens.set(revocation.tokenId, { expiresAt, issuedBefore: Number.POSITIVE_INFINITY });
      } else {
        const earlier = live(subjects, revocation.userId);
        const issuedBefore = revocation.issuedBefore ?? Number.POSITIVE_INFINITY;
        subjects.set(revocation.userId, {
          expiresAt: Math.max(expiresAt, earlier?.expiresAt ?? 0),
          issuedBefore: Math.max(issuedBefore, earlier?.issuedBefore ?? Number.NEGATIVE_INFINITY),
        });
      }
      return makeRoom();
    },
    isRevoked(principal) {
      if (principal.tokenId !== undefined && live(tokens, principal.tokenId)) return true;
      const subject = live(subjects, principal.userId);
      return subject !== undefined && (principal.issuedAt ?? Number.NEGATIVE_INFINITY) < subject.issuedBefore;
    },
    get size() {
      return tokens.size + subjects.size;
    },
  };

  function live(entries: Map<string, Entry>, key: string): Entry | undefined {
    const entry = entries.get(key);
    if (!entry || entry.expiresAt > now()) return entry;
    entries.delete(key);
    return undefined;
  }

  function makeRoom(): boolean {
    if (tokens.size + subjects.size <= capacity) return true;
    for (const entries of [tokens, subjects]) for (const key of entries.keys()) live(entries, key);
    if (tokens.size + subjects.size <= capacity) return true;
    const fuller = tokens.size >= subjects.size ? tokens : subjects;
    for (const key of fuller.keys()) {
      fuller.delete(key);
      return false;
    }
    return false;
  }
}
