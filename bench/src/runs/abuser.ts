import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Crowd, gather, tokenOf } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { type ServerProcess, startServer } from '../measure/server-process.js';
import { quantile } from '../measure/statistics.js';

const MEMBERS = 200;
const MEMBERS_PER_ROOM = 4;
const INTERVAL_MS = 500;
/** Long enough that a p99 is more than the worst few pauses of two busy processes. */
const DURATION_MS = 15_000;
const USUAL_ROUNDS = 7;
const ALLOWED_GROWTH = 1.2;

/**
 * One client floods while 200 others say two things a second each. The flood goes on all the time; in turn it meets the
 * members' server, and another one beside it: so the machine is as busy in either case. @returns lines for the page
 */
export async function runAbuser(progress: (text: string) => void, rounds = USUAL_ROUNDS): Promise<string[]> {
  const limits = { limits: 'default' } as const;
  const server = await startServer('trunkline', limits);
  const decoy = await startServer('trunkline', limits);
  const crowd = await gather(
    { server: 'trunkline', port: server.port, pid: server.pid },
    { members: MEMBERS, roomsOf: (index) => [`bench:r${Math.floor(index / MEMBERS_PER_ROOM)}`] },
  );
  crowd.meter.sampleEvery = 1;
  const ratios: number[] = [];
  try {
    await p99While(crowd, decoy);
    for (let round = 1; round <= rounds; round++) {
      const elsewhere = await p99While(crowd, decoy);
      const here = await p99While(crowd, server);
      ratios.push(here.p99Ms / elsewhere.p99Ms);
      progress(
        `abuser ${round}/${rounds}: p99 ${elsewhere.p99Ms.toFixed(2)} ms, abused ${here.p99Ms.toFixed(2)} ms (${here.frames} frames over ${here.connections} connections)`,
      );
    }
  } finally {
    crowd.close();
    await server.close();
    await decoy.close();
  }
  const sorted = ratios.sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const range = `${sorted[0]?.toFixed(2)} – ${sorted.at(-1)?.toFixed(2)}`;
  return [
    `One abuser: while one client floods with publishes, requests and joins, the p99 of ${MEMBERS} others is ${median.toFixed(2)} (${range}) × what it is when another server is flooded (at most ${ALLOWED_GROWTH}): ${median <= ALLOWED_GROWTH ? '✔' : '✘ miss'}.`,
  ];
}

async function p99While(
  { clients, meter }: Crowd,
  flooded: ServerProcess,
): Promise<{ readonly p99Ms: number; readonly frames: number; readonly connections: number }> {
  const file = fileURLToPath(new URL('./load/flood.js', import.meta.url));
  const args = [file, String(flooded.port), await tokenOf('abuser')];
  // What the flood costs where it is made is not the question.
  const flood = spawn('nice', ['-n', '19', process.execPath, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const counted = text(flood.stdout);
  await delay(INTERVAL_MS);
  meter.takeLatencies();
  const messages = (MEMBERS * DURATION_MS) / INTERVAL_MS;
  const arrived = meter.expect(messages * MEMBERS_PER_ROOM);
  const startedAt = performance.now();
  for (let sent = 0; sent < messages; ) {
    const due = Math.min(messages, Math.floor(((performance.now() - startedAt) * MEMBERS) / INTERVAL_MS));
    for (; sent < due; sent++) {
      const client = clients[(sent * 7) % MEMBERS];
      client?.send(SPEAKERS.trunkline.publish(client.identity.rooms[0] ?? '', messageData(64), nextId()));
    }
    await delay(1);
  }
  await arrived;
  const p99Ms = quantile(meter.takeLatencies(), 0.99);
  const ended = once(flood, 'close');
  flood.stdin.end();
  await ended;
  return { p99Ms, ...JSON.parse(await counted) };
}
