import { parentPort, workerData } from 'node:worker_threads';
import { createProbe, type HistoryEntry, type Probe, readLog, seededRandom } from '@trunkline/cli/verify';
import { WebSocket } from 'ws';
import type { Order, Report, WorkerData } from './fleet.js';

const port = parentPort;
if (port === null) throw new TypeError('This module is a worker.');
const { names, rooms, urls, tokens, seed, rate } = workerData as WorkerData;
const random = seededRandom(seed);
let entries: HistoryEntry[] = [];
const tell = (report: Report) => port.postMessage(report);
const flush = () => {
  if (entries.length === 0) return;
  tell({ type: 'history', entries });
  entries = [];
};

function makeProbe(name: string): Probe {
  return createProbe({
    name,
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

const probes = names.map(makeProbe);
let publishing: NodeJS.Timeout | undefined;
setInterval(flush, 100);

async function obey(order: Order): Promise<void> {
  switch (order.type) {
    case 'publish':
      publishing ??= setInterval(() => {
        for (const probe of probes) if (random() < rate / 20) probe.publish();
      }, 50);
      return;
    case 'quiet':
      clearInterval(publishing);
      publishing = undefined;
      return;
    case 'status': {
      flush();
      const positions = probes.flatMap(({ client }) =>
        client.explain().rooms.map(({ room, position }) => `${room} ${position?.epoch} ${position?.offset}`),
      );
      const waiting = probes
        .filter(({ pending }) => pending > 0)
        .map(({ client, pending }) => {
          const { state, rooms: joined, timeline } = client.explain();
          const statuses = joined.map(({ status }) => status).join(',');
          return `${pending} publishes, ${JSON.stringify(state)}, ${statuses}, ${JSON.stringify(timeline.slice(-3))}`;
        });
      tell({ type: 'status', pending: probes.reduce((sum, { pending }) => sum + pending, 0), positions, waiting });
      return;
    }
    case 'read': {
      const [probe] = probes;
      const logs = probe ? await Promise.all(rooms.map((room) => readLog(probe.client, room))) : [];
      tell({ type: 'logs', logs });
      return;
    }
    case 'close':
      await Promise.all(probes.map((probe) => probe.client.close()));
      flush();
      tell({ type: 'closed' });
  }
}

port.on('message', (order: Order) => void obey(order));
await Promise.all(probes.map((probe) => probe.join()));
tell({ type: 'ready' });
