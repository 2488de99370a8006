import { existsSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { CommandError, EXIT } from './exit-code.js';

const PATIENCE_MS = 5_000;
const RETRY_MS = 20;

/**
 * Replaces the file as a whole, so that nobody reads half of it, one process at a time: who could make the draft is the one.
 *
 * @param text made while no other process replaces it
 * @throws {CommandError} `configuration`, and what `text` throws
 */
export async function replaceFile(file: string, text: () => Promise<string>): Promise<void> {
  // A link stays one.
  const target = existsSync(file) ? await realpath(file) : file;
  const draft = `${target}.new`;
  const handle = await openAlone(draft).catch((error: unknown) => {
    throw unwritable(file, error);
  });
  try {
    await handle.writeFile(await text());
    await handle.sync();
    await rename(draft, target).catch((error: unknown) => {
      throw unwritable(file, error);
    });
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function openAlone(draft: string): Promise<FileHandle> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await pause(RETRY_MS)) {
    try {
      return await open(draft, 'wx', 0o600);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (performance.now() > deadline)
        throw new Error(`another process is writing it; remove ${draft} if there is none`);
    }
  }
}

function unwritable(file: string, error: unknown): CommandError {
  const why = error instanceof Error ? error.message : String(error);
  return new CommandError(EXIT.configuration, `${file} can not be written: ${why}`, 'configuration');
}
