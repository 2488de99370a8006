import { readdir, readFile, realpath } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.js';

const BUILD = new URL('../../packages/server/dist/', import.meta.url);
/** Given to `node --import`, with a mutant's name in MUTANT. Both come from the built chaos member. */
export const APPLY_MUTANT = new URL('../dist/apply-mutant.js', import.meta.url).href;

/** Where a mutant's piece stands. */
export interface Place extends Pick<Mutant, 'find' | 'replace'> {
  /** As the module loader names it. */
  readonly url: string;
}

/** @throws {Error} unless the piece occurs exactly once in the built server: a mutant that changes nothing proves nothing */
export async function findPlace({ name, find, replace }: Mutant): Promise<Place> {
  const files = (await readdir(BUILD)).filter((file) => file.endsWith('.js'));
  const places: string[] = [];
  for (const file of files) {
    const path = fileURLToPath(new URL(file, BUILD));
    const count = (await readFile(path, 'utf8')).split(find).length - 1;
    const url = pathToFileURL(await realpath(path)).href;
    places.push(...Array<string>(count).fill(url));
  }
  const [url] = places;
  if (url === undefined || places.length > 1)
    throw new Error(`Mutant "${name}": its piece occurs ${places.length} times in the built server, not once: ${find}`);
  return { url, find, replace };
}
