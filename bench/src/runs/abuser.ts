import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Crowd, gather, tokenOf } from '../load/crowd.js';
import { messageData, nextId } from '../load/message-data.js';
import { SPEAKERS } from '../load/speaker.js';
import { type ServerProcess, startServer } from '../measure/server-process.js';
import { quantile, spreadOf } from '../measure/statistics.js';

const MEMBERS = 200;
const MEMBERS_PER_ROOM = 4;
const INTERVAL_MS = 500;
/** Long enough that a p99 is more than the worst few pauses of busy processes. */
const DURATION_MS = 15_000;
const USUAL_ROUNDS = 8;
const ALLOWED_GROWTH = 1.2;

/** A server of its own with its members. */
interface Site {
  readonly server: ServerProcess;
  readonly crowd: Crowd;
}

/**
 * Two servers with 200 members each, who say two things a second. One client floods one of them, from its first frame
 * on, each round another user and the other server. Both are measured at the same time, so that what the machine does
 * meanwhile, the making of the flood included, meets both. @returns lines for the page
 */
export async function runAbuser(progress: (text: string) => void, rounds = USUAL_ROUNDS): Promise<string[]> {
  const sites = [await openSite(), await openSite()] as const;
  const ratios: number[] = [];
  try {
    await Promise.all(sites.map(talk));
    for (let round = 1; round <= rounds; round++) {
      const [abused, spared] = round % 2 === 0 ? sites : [sites[1], sites[0]];
      const flood = await startFlood(abused.server, `abuser-${round}`);
      const [here, elsewhere] = await Promise.all([talk(abused), talk(spared)]);
      const { frames, connections } = await flood.end();
      ratios.push(here / elsewhere);
      progress(
        `abuser ${round}/${rounds}: p99 ${elsewhere.toFixed(2)} ms, abused ${here.toFixed(2)} ms (${frames} frames over ${connections} connections)`,
      );
    }
  } finally {
    for (const { crowd } of sites) crowd.close();
    await Promise.all(sites.map(({ server }) => server.close()));
  }
  const { median, min, max } = spreadOf(ratios);
  const range = `${min.toFixed(2)} – ${max.toFixed(2)}`;
  return [
    `One abuser: while one client floods with publishes, requests and joins, the p99 of ${MEMBERS} others is ${median.toFixed(2)} (${range}) × that of the members of another server at the same time (at most ${ALLOWED_GROWTH}): ${median <= ALLOWED_GROWTH ? '✔' : '✘ miss'}.`,
  ];
}

/** With the limits that a deployed server has. */
async function openSite(): Promise<Site> {
  const server = await startServer('trunkline', { limits: 'default' });
  const roomsOf = (index: number) => [`bench:r${Math.floor(index / MEMBERS_PER_ROOM)}`];
  const crowd = await gather(server, { members: MEMBERS, roomsOf });
  crowd.meter.sampleEvery = 1;
  return { server, crowd };
}

/** A client that knows no measure, in a process of its own: what it costs to make the flood is not the question. */
async function startFlood({ port }: ServerProcess, userId: string) {
  const file = fileURLToPath(new URL('./load/flood.js', import.meta.url));
  const args = [file, String(port), userId, await tokenOf(userId)];
  const flood = spawn('nice', ['-n', '19', process.execPath, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const counted = text(flood.stdout);
  return {
    async end(): Promise<{ readonly frames: number; readonly connections: number }> {
      const ended = once(flood, 'close');
      flood.stdin.end();
      await ended;
      return JSON.parse(await counted);
    },
  };
}

/** The members say what they have to say. @returns the p99 of their deliveries, milliseconds */
async function talk({ crowd: { clients, meter } }: Site): Promise<number> {
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
  return quantile(meter.takeLatencies(), 0.99);
}
