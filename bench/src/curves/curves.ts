import { startLoad } from '../load/load-thread.js';
import type { ServerName } from '../load/target.js';
import { startServer } from '../measure/server-process.js';
import type { Curve } from '../report/chart.js';
import type { CURVE_SCENARIOS } from './scenarios.js';

interface CurveDefinition {
  readonly name: keyof typeof CURVE_SCENARIOS;
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly metric: string;
  readonly servers: readonly ServerName[];
  readonly points: readonly number[];
}

/** Cost as work grows. Each point is a server of its own, measured three times; the median counts. */
const CURVES: readonly CurveDefinition[] = [
  {
    name: 'members',
    title: 'Server CPU per delivery by members of the room',
    xTitle: 'members',
    yTitle: 'µs',
    metric: 'cpuMicros',
    servers: ['trunkline', 'ws', 'socket.io'],
    points: [10, 100, 1_000, 10_000],
  },
  {
    name: 'payload',
    title: 'Server CPU per delivery by payload, 100 members',
    xTitle: 'bytes',
    yTitle: 'µs',
    metric: 'cpuMicros',
    servers: ['trunkline', 'ws', 'socket.io'],
    points: [64, 512, 4_096, 16_384, 65_536],
  },
  {
    name: 'rooms',
    title: 'Server CPU per inbound message by number of rooms, 1 000 connections in up to 100 each',
    xTitle: 'rooms',
    yTitle: 'µs',
    metric: 'cpuMicros',
    servers: ['trunkline', 'ws', 'socket.io'],
    points: [10, 100, 1_000, 10_000, 100_000],
  },
  {
    name: 'connections',
    title: 'Resident memory per idle connection by connections',
    xTitle: 'connections',
    yTitle: 'B',
    metric: 'bytesEach',
    servers: ['trunkline', 'ws', 'socket.io'],
    points: [1_000, 5_000, 10_000, 19_000],
  },
];
const ROUNDS = 3;

export async function measureCurves(progress: (text: string) => void): Promise<Record<string, Curve>> {
  const curves: Record<string, Curve> = {};
  for (const { name, title, xTitle, yTitle, metric, servers, points } of CURVES) {
    const lines: Record<string, (readonly [number, number])[]> = {};
    for (const point of points) {
      for (const server of servers) {
        const value = await measurePoint(server, { name, point, metric });
        progress(`curve ${name}: ${point} ${server} ${value.toPrecision(4)} ${yTitle}`);
        lines[server] = [...(lines[server] ?? []), [point, value]];
      }
    }
    curves[name] = { title, xTitle, yTitle, lines };
  }
  return curves;
}

async function measurePoint(
  name: ServerName,
  { name: scenario, point, metric }: { name: string; point: number; metric: string },
): Promise<number> {
  const server = await startServer(name);
  try {
    await server.collectGarbage();
    const { port, pid } = server;
    const load = await startLoad({ scenario, point, size: 'full', target: { server: name, port, pid } });
    await server.collectGarbage();
    const values: number[] = [];
    for (let round = 0; round < ROUNDS; round++) values.push((await load.round())[metric] ?? Number.NaN);
    await load.close();
    return values.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  } finally {
    await server.close();
  }
}
