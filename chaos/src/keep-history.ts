import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CampaignResult } from './campaign.js';

/** Writes what happened in the rooms where something was found, an entry a line. @returns the file */
export async function keepHistory({ ledger, history, seed }: CampaignResult): Promise<string> {
  const rooms = new Set(ledger.findings.map(({ room }) => room));
  const inRooms = new Set(
    history.flatMap((entry) => (entry.type === 'invoke' && rooms.has(entry.room) ? [entry.uid] : [])),
  );
  const file = join(tmpdir(), `trunkline-chaos-${seed}.jsonl`);
  function* lines() {
    for (const entry of history) {
      const concerns = 'room' in entry ? rooms.has(entry.room) : !('uid' in entry) || inRooms.has(entry.uid);
      if (concerns) yield `${JSON.stringify(entry)}\n`;
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
  return file;
}
