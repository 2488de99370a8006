import type { RevocationStore } from '../seams/revocation-store.js';

/** For a single process, whose hub remembers what it revoked: there is nobody else to tell. */
export function createMemoryRevocationStore(): RevocationStore {
  return {
    start: async () => undefined,
    add: async () => true,
    close: async () => undefined,
  };
}
