import { TrunklineError } from '@trunkline/protocol';
import type { Directory, Relation, RelationChange } from '../seams/directory.js';
import { createRelationIndex } from './relation-index.js';
import { createRelationSnapshot } from './relation-snapshot.js';

export interface MemoryDirectoryOptions {
  /** A JSON file that is read at the start and replaced after each change. @default none: relations end with the process */
  readonly snapshotPath?: string;
  /** Relations present from the start. @default [] */
  readonly relations?: readonly Relation[];
  /** More are refused with `queue_full`. @default 1_000_000 */
  readonly maxRelations?: number;
  /** Most relations `relationsOf` lists. @default 10_000 */
  readonly maxListed?: number;
}

/** Relations of a single process. With a snapshot, `change` resolves once the change is on disk. */
export function createMemoryDirectory(options: MemoryDirectoryOptions = {}): Directory {
  const { maxRelations = 1_000_000, maxListed = 10_000, snapshotPath } = options;
  const index = createRelationIndex();
  const snapshot = snapshotPath === undefined ? undefined : createRelationSnapshot(snapshotPath, index.all);
  const listeners = new Set<(change: RelationChange | null) => void>();
  for (const relation of options.relations ?? []) index.add(relation);

  return {
    async start() {
      for (const relation of (await snapshot?.load()) ?? []) index.add(relation);
    },
    check: (relation) => Promise.resolve(index.has(relation)),
    objectsOf: (user, relation, kind) => Promise.resolve(index.objectsOf(user, relation, kind)),
    relationsOf: (object) => Promise.resolve(index.relationsOf(object, maxListed)),
    async change(change) {
      if (change.present && index.size >= maxRelations && !index.has(change)) {
        throw new TrunklineError('queue_full', `The directory holds its most (${maxRelations} relations); use Redis.`);
      }
      const changed = change.present ? index.add(change) : index.delete(change);
      if (!changed) return false;
      for (const listener of listeners) listener(change);
      await snapshot?.save();
      return true;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    deafForMs: () => 0,
    async close() {
      listeners.clear();
      if (snapshot !== undefined) await snapshot.save();
    },
  };
}
