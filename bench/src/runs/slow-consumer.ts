import { setTimeout as delay } from 'node:timers/promises';
import { gather } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { startServer } from '../measure/server-process.js';
import { quantile } from '../measure/statistics.js';

const MEMBERS = 200;
const SLOW = 20;
const MESSAGES = 600;
const INTERVAL_MS = 10;
const BYTES = 4_096;
const ROUNDS = 5;
const ALLOWED_GROWTH = 1.2;

/** A tenth of a room stops reading: the others' p99 beside a room where all read, in turn. @returns lines for the page */
export async function runSlowConsumer(progress: (text: string) => void): Promise<string[]> {
  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const even = await othersP99(0);
    const uneven = await othersP99(SLOW);
    ratios.push(uneven / even);
    progress(`slow consumer ${round}/${ROUNDS}: p99 ${even.toFixed(2)} ms, with ${SLOW} slow ${uneven.toFixed(2)} ms`);
  }
  const median = quantile(
    ratios.sort((a, b) => a - b),
    0.5,
  );
  const range = `${ratios[0]?.toFixed(2)} – ${ratios.at(-1)?.toFixed(2)}`;
  return [
    `Slow consumers: with ${SLOW} of ${MEMBERS} members not reading, the others' p99 is ${median.toFixed(2)} (${range}) × what it is without (at most ${ALLOWED_GROWTH}): ${median <= ALLOWED_GROWTH ? '✔' : '✘ miss'}.`,
  ];
}

async function othersP99(slow: number): Promise<number> {
  const server = await startServer('trunkline');
  try {
    const { port, pid } = server;
    const target = { server: 'trunkline', port, pid } as const;
    const readers = await gather(target, { members: MEMBERS - slow, roomsOf: () => ['bench:all'] });
    const others = await gather(target, { members: slow, roomsOf: () => ['bench:all'] });
    for (const client of others.clients) client.pause();
    readers.meter.sampleEvery = 8;
    const [publisher] = readers.clients;
    const arrived = readers.meter.expect(MESSAGES * readers.clients.length);
    for (let sent = 0; sent < MESSAGES; sent++) {
      publisher?.send(SPEAKERS.trunkline.publish('bench:all', messageData(BYTES), nextId()));
      await delay(INTERVAL_MS);
    }
    await arrived;
    return quantile(readers.meter.takeLatencies(), 0.99);
  } finally {
    await server.close();
  }
}
