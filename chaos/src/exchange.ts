/** One of two processes that talk to each other in a room: forked with a `Talk` as its argument, reports by IPC. */
import { createClient } from '@trunkline/client';
import { WebSocket } from 'ws';

export interface Talk {
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly room: `${string}:${string}`;
  /** Messages to publish. */
  readonly messages: number;
  /** Messages to wait for, one's own included. */
  readonly expected: number;
}

/** What the application callbacks saw. */
export interface Heard {
  readonly type: 'heard';
  readonly acknowledged: number;
  /** By offset, as they came. */
  readonly texts: readonly string[];
  readonly gaps: number;
  readonly reconnects: number;
}

/** Publishes under way at once. */
const PIPELINED = 100;

const { url, token, name, room: roomName, messages, expected } = JSON.parse(process.argv[2] ?? '{}') as Talk;
// Cut again and again before it is stable, a client backs off for up to 30 s: here that would be most of the time.
const client = createClient({ url, token, WebSocket, backoff: { capMs: 200 }, connectTimeoutMs: 2_000 });
const room = client.room(roomName);
const texts: string[] = [];
let acknowledged = 0;
let gaps = 0;
let reconnects = -1;

const heardAll = new Promise<void>((resolve) => {
  room.onEvent(({ data }) => {
    texts.push(String((data as { readonly text: unknown }).text));
    if (texts.length === expected) resolve();
  });
});
room.onGap(() => {
  gaps += 1;
});
client.on('state', ({ status }) => {
  if (status === 'open') reconnects += 1;
});

await room.join();
process.send?.({ type: 'joined' });
await new Promise((resolve) => process.once('message', resolve));
let next = 0;
async function publish(): Promise<void> {
  while (next < messages) {
    next += 1;
    await room.publish('message', { text: `${name} ${next}` });
    acknowledged += 1;
  }
}
await Promise.all(Array.from({ length: PIPELINED }, publish));
await heardAll;
process.send?.({ type: 'heard', acknowledged, texts, gaps, reconnects } satisfies Heard);
process.once('message', () => void client.close().then(() => process.exit()));
