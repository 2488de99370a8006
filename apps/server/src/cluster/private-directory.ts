import cluster from 'node:cluster';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Containers with a read-only root file system have the second one still. */
const PLACES = [tmpdir(), '/dev/shm'];

/**
 * In the primary: makes a directory that only this user may enter, for what the workers keep in `<directory>/<worker's
 * id>`. A worker's part goes when the worker ends, all of it when the primary does.
 *
 * @param places where to try, in this order
 * @returns null where nothing can be written
 */
export function createPrivateDirectory(places: readonly string[] = PLACES): string | null {
  for (const place of places) {
    const directory = tryCreate(place);
    if (directory === null) continue;
    cluster.on('exit', ({ id }) => remove(join(directory, String(id))));
    process.once('exit', () => remove(directory));
    return directory;
  }
  return null;
}

/** In a worker: where the primary was killed and sees to nothing any more, each removes its part, the last one all. */
export function outlivePrimary(directory: string, id: string): void {
  process.once('exit', () => {
    if (process.connected) return;
    remove(join(directory, id));
    try {
      rmdirSync(directory);
    } catch {
      // Others are still in it.
    }
  });
}

/** mkdtemp makes it 0700, under a name that nobody had before. */
function tryCreate(place: string): string | null {
  try {
    return mkdtempSync(join(place, 'trunkline-'));
  } catch {
    return null;
  }
}

function remove(path: string): void {
  rmSync(path, { force: true, recursive: true });
}
