import { hostname } from 'node:os';
import type { RedisBackend } from '@trunkline/server';
import type { Figures } from '../observability/figures.js';
import type { Readiness } from '../server/readiness.js';

/** How one process is, as it says itself. */
export interface NodeRow {
  readonly nodeId: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  /** When it said so, milliseconds since 1970 by its own clock. */
  readonly at: number;
  readonly readiness: Readiness;
  readonly figures: Figures;
}

/** Where every process puts its row, and the dashboard of any of them reads all. */
export interface NodeBoard {
  start(): void;
  /** All processes; while Redis is away, this one alone. */
  rows(): Promise<readonly NodeRow[]>;
  /** Takes this process's row away. */
  close(): void;
}

export interface NodeBoardOptions {
  readonly nodeId: string;
  readonly readiness: () => Readiness;
  readonly figures: () => Promise<Figures>;
  /** Absent: this process is alone. */
  readonly redis?: { readonly commands: RedisBackend['commands']; readonly prefix: string };
}

const WRITE_MS = 2_000;
/** A row outlives a few writes that come late, and then a dead process is gone from the board. */
const ROW_MS = 10_000;
const MAX_ROWS = 1_000;

export function createNodeBoard({ nodeId, readiness, figures, redis }: NodeBoardOptions): NodeBoard {
  const startedAt = Date.now() - Math.round(process.uptime() * 1_000);
  const names = `${redis?.prefix}:board`;
  const rowOf = (id: string) => `${redis?.prefix}:board:${id}`;
  let timer: NodeJS.Timeout | undefined;

  async function own(): Promise<NodeRow> {
    const identity = { nodeId, host: hostname(), pid: process.pid, startedAt };
    return { ...identity, at: Date.now(), readiness: readiness(), figures: await figures() };
  }

  /** While Redis is away a row is not written, and runs out. */
  async function write(): Promise<void> {
    if (!redis) return;
    const text = JSON.stringify(await own());
    await redis.commands
      .multi()
      .set(rowOf(nodeId), text, 'PX', ROW_MS)
      .sadd(names, nodeId)
      .pexpire(names, ROW_MS)
      .exec()
      .catch(() => undefined);
  }

  async function others(): Promise<readonly NodeRow[]> {
    if (!redis) return [];
    try {
      const ids = (await redis.commands.smembers(names)).filter((id) => id !== nodeId).slice(0, MAX_ROWS);
      if (ids.length === 0) return [];
      const texts = await redis.commands.mget(ids.map(rowOf));
      const gone = ids.filter((_, index) => texts[index] === null);
      if (gone.length > 0) await redis.commands.srem(names, ...gone);
      return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as NodeRow]));
    } catch {
      return [];
    }
  }

  return {
    start() {
      timer ??= setInterval(() => void write(), WRITE_MS);
      timer.unref();
      void write();
    },
    async rows() {
      const [mine, rest] = await Promise.all([own(), others()]);
      return [mine, ...rest].sort((a, b) => a.host.localeCompare(b.host) || a.nodeId.localeCompare(b.nodeId));
    },
    close() {
      clearInterval(timer);
      if (timer) redis?.commands.del(rowOf(nodeId)).catch(() => undefined);
    },
  };
}
