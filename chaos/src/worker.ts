import { parentPort, workerData } from 'node:worker_threads';
import { createProbe, type HistoryEntry, type Probe, readLog, seededRandom } from '@trunkline/cli/verify';
import { WebSocket } from 'ws';
import type { Order, Report, WorkerData } from './fleet.js';

const port = parentPort;
if (port === null) throw new TypeError('This module is a worker.');
const { names, rooms, urls, tokens, seed, rate, restless = false } = workerData as WorkerData;
const random = seededRandom(seed);
const TICK_MS = 50;
/** Of each client, in a second. */
const REJOINS = 0.02;
const NEW_LIVES = 0.01;
let entries: HistoryEntry[] = [];
const tell = (report: Report) => port.postMessage(report);
const flush = () => {
  if (entries.length === 0) return;
  tell({ type: 'history', entries });
  entries = [];
};

/** A user of the campaign; its client may end and another one begin. */
interface User {
  readonly name: string;
  lives: number;
  probe: Probe;
}

function makeProbe(name: string, life: number): Probe {
  return createProbe({
    name: life === 0 ? name : `${name}~${life}`,
    rooms,
    random,
    record: (entry) => entries.push(entry),
    client: {
      // A client that lost its node tries another one, as behind a load balancer.
      url: () => urls[Math.floor(random() * urls.length)] ?? '',
      token: tokens[name] ?? '',
      WebSocket,
      connectTimeoutMs: 2_000,
      queue: { maxItems: 10_000, maxBytes: 10_000_000 },
    },
  });
}

const users: User[] = names.map((name) => ({ name, lives: 0, probe: makeProbe(name, 0) }));
/** Ended, and perhaps not settled yet. */
const former = new Set<Probe>();
let publishing: NodeJS.Timeout | undefined;
setInterval(flush, 100);

function beginAnew(user: User): void {
  const { probe } = user;
  former.add(probe);
  void probe.close();
  user.lives += 1;
  user.probe = makeProbe(user.name, user.lives);
  // Ended again before it was in: nothing is owed.
  void user.probe.join().catch(() => undefined);
}

function tick(): void {
  const happens = (perSecond: number) => random() < (perSecond * TICK_MS) / 1_000;
  for (const user of users) {
    if (happens(rate)) user.probe.publish();
    if (restless && happens(REJOINS)) user.probe.rejoin();
    if (restless && happens(NEW_LIVES)) beginAnew(user);
  }
}

function status(): Report {
  for (const probe of former) if (probe.pending === 0) former.delete(probe);
  const probes = [...users.map(({ probe }) => probe), ...former];
  const waiting = probes
    .filter(({ pending }) => pending > 0)
    .map(({ client, pending }) => {
      const { state, rooms: joined, timeline } = client.explain();
      const statuses = joined.map((room) => room.status).join(',');
      return `${pending} publishes, ${JSON.stringify(state)}, ${statuses}, ${JSON.stringify(timeline.slice(-3))}`;
    });
  return {
    type: 'status',
    pending: probes.reduce((sum, { pending }) => sum + pending, 0),
    positions: users.flatMap(({ probe }) =>
      probe.client.explain().rooms.map(({ room, position }) => `${room} ${position?.epoch} ${position?.offset}`),
    ),
    members: users.flatMap(({ name }) => rooms.map((room) => `${room} ${name}`)),
    waiting,
  };
}

async function obey(order: Order): Promise<void> {
  switch (order.type) {
    case 'publish':
      publishing ??= setInterval(tick, TICK_MS);
      return;
    case 'quiet':
      clearInterval(publishing);
      publishing = undefined;
      return;
    case 'status':
      flush();
      tell(status());
      return;
    case 'read': {
      const [user] = users;
      const logs = user ? await Promise.all(rooms.map((room) => readLog(user.probe.client, room))) : [];
      tell({ type: 'logs', logs });
      return;
    }
    case 'close':
      await Promise.all(users.map(({ probe }) => probe.close()));
      flush();
      tell({ type: 'closed' });
  }
}

port.on('message', (order: Order) => void obey(order));
await Promise.all(users.map(({ probe }) => probe.join()));
tell({ type: 'ready' });
