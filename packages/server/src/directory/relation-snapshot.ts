import { open, readFile, rename } from 'node:fs/promises';
import type { Relation } from '../seams/directory.js';

/** Keeps all relations in one JSON file. */
export interface RelationSnapshot {
  /** @returns [] when there is no file yet @throws {Error} for a file that is not a snapshot */
  load(): Promise<readonly Relation[]>;
  /** Resolves once a write that began after the call is on disk; calls during a write share the next one. */
  save(): Promise<void>;
}

/** Written beside the file and renamed over it, so that a crash leaves the old snapshot or the new one. */
export function createRelationSnapshot(path: string, current: () => Iterable<Relation>): RelationSnapshot {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  async function write(): Promise<void> {
    const rows = Array.from(current(), ({ object, relation, user }) => [object, relation, user]);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ version: 1, relations: rows })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  function begin(): Promise<void> {
    const writing = write().finally(() => {
      if (running === writing) running = undefined;
    });
    running = writing;
    return writing;
  }

  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
        throw error;
      }
      const relations = parseSnapshot(text);
      if (relations === null) throw new Error(`${path} is not a relation snapshot: restore or remove it`);
      return relations;
    },
    save() {
      if (running === undefined) return begin();
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return begin();
        });
      return next;
    },
  };
}

function parseSnapshot(text: string): readonly Relation[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('relations' in value) || !Array.isArray(value.relations))
    return null;
  const relations: Relation[] = [];
  for (const row of value.relations) {
    if (!Array.isArray(row)) return null;
    const [object, relation, user] = row;
    if (typeof object !== 'string' || typeof relation !== 'string' || typeof user !== 'string') return null;
    relations.push({ object, relation, user });
  }
  return relations;
}
