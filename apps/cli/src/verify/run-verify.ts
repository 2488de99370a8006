import { setTimeout as delay } from 'node:timers/promises';
import { CommandError, EXIT } from '../exit-code.js';
import { openClient } from '../open-client.js';
import type { ServerOptions } from '../server-options.js';
import { signingSecret, signToken } from '../sign-token.js';
import type { HistoryEntry } from './history.js';
import { judge, type Ledger } from './ledger.js';
import { createProbe, type Probe, readLog } from './probe.js';
import { seededRandom } from './seeded-random.js';

export interface VerifyRun {
  readonly server: ServerOptions;
  readonly clients: number;
  readonly rooms: number;
  /** Messages a second, in all. */
  readonly rate: number;
  /** Seconds. */
  readonly duration: number;
  readonly seed: number;
  remark(text: string): void;
}

const TICK_MS = 50;
/** One client in so many ticks drops its connection. */
const CUT_EVERY_TICKS = 20;
const SETTLE_MS = 30_000;

/**
 * Publishes into rooms of the reserved kind `verify`, drops connections at random, waits until everything is quiet, and
 * judges what each callback saw against the logs.
 *
 * @throws {CommandError} without a token of role admin
 */
export async function runVerify({
  server,
  clients,
  rooms: roomCount,
  rate,
  duration,
  seed,
  remark,
}: VerifyRun): Promise<Ledger> {
  const token = await adminToken(server);
  // One connection tells at once what is wrong with the address or the token.
  await using first = await openClient({ ...server, token });
  const run = Math.floor(Date.now() / 1_000).toString(36);
  const rooms = Array.from({ length: roomCount }, (_, index) => `verify:${run}-${index}`);
  await first.room(rooms[0] as `${string}:${string}`).history({ limit: 1 });
  const { WebSocket } = await import('ws');
  const history: HistoryEntry[] = [];
  const random = seededRandom(seed);
  const probes = Array.from({ length: clients }, (_, index) =>
    createProbe({
      name: `p${index}`,
      rooms,
      random,
      record: (entry) => history.push(entry),
      client: { url: server.url, token, WebSocket, wake: false, queue: { maxItems: 100_000, maxBytes: 100_000_000 } },
    }),
  );
  try {
    await Promise.all(probes.map((probe) => probe.join()));
    remark(`${clients} clients in ${roomCount} rooms, ${rate} messages a second for ${duration} s, seed ${seed}`);
    await load(probes, { random, rate, durationMs: duration * 1_000 });
    return judge(history, await settled(probes, rooms, first));
  } finally {
    await Promise.all(probes.map((probe) => probe.client.close()));
  }
}

async function load(
  probes: readonly Probe[],
  { random, rate, durationMs }: { readonly random: () => number; readonly rate: number; readonly durationMs: number },
): Promise<void> {
  const oneOf = () => probes[Math.floor(random() * probes.length)];
  const started = performance.now();
  let published = 0;
  for (let ticks = 1; performance.now() - started < durationMs; ticks++) {
    const due = Math.floor(((performance.now() - started) / 1_000) * rate);
    for (; published < due; published++) oneOf()?.publish();
    if (ticks % CUT_EVERY_TICKS === 0) oneOf()?.reconnect();
    await delay(TICK_MS);
  }
}

/** The logs, once every publish has settled and every member stands at the head. */
async function settled(probes: readonly Probe[], rooms: readonly string[], reader: Parameters<typeof readLog>[0]) {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const logs = await Promise.all(rooms.map((room) => readLog(reader, room)));
    const arrived = probes.every(
      ({ pending, client }) =>
        pending === 0 &&
        logs.every(
          ({ room, position }) => client.room(room as `${string}:${string}`).position?.offset === position.offset,
        ),
    );
    if (arrived || Date.now() > deadline) return logs;
    await delay(TICK_MS * 2);
  }
}

async function adminToken({ token }: ServerOptions): Promise<string> {
  if (token) return token;
  if (process.env.JWT_SECRET) {
    const exp = Math.floor(Date.now() / 1_000) + 86_400;
    return signToken(signingSecret(process.env), { sub: 'trunkline-verify', roles: ['admin'], exp }, process.env);
  }
  throw new CommandError(
    EXIT.configuration,
    'verify needs a token with role admin: set TRUNKLINE_TOKEN, or JWT_SECRET to sign one.',
    'no_token',
  );
}
