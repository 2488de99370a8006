import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for one test's files. */
export async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'trunkline-'));
  return {
    path,
    async write(name: string, text: string): Promise<string> {
      const file = join(path, name);
      await writeFile(file, text);
      return file;
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true });
    },
  };
}
