import { readdir } from 'node:fs/promises';
import type { DialectSpeaker } from '@trunkline/server/testing';

const SOURCES = new URL('../../src/', import.meta.url);

/** The speaker of every folder in `src`: a dialect is a folder, and this knows none by name. */
export async function everySpeaker(): Promise<readonly DialectSpeaker[]> {
  const entries = await readdir(SOURCES, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.map(async (name) => {
      const module: { readonly speaker: DialectSpeaker } = await import(new URL(`${name}/speaker.ts`, SOURCES).href);
      return module.speaker;
    }),
  );
}
