import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from './open-fleet.js';
import type { Progress } from './progress.js';

export interface LoadRun {
  readonly fleet: Fleet;
  /** Messages a second, in all. */
  readonly rate: number;
  readonly durationSeconds: number;
  readonly bytes: number;
  /** For one ack; later it counts as refused. */
  readonly timeoutMs: number;
  readonly progress: Progress;
}

/** Milliseconds. */
interface Latencies {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadResult {
  readonly connections: number;
  readonly rooms: number;
  readonly openMs: number;
  readonly publishMs: number;
  readonly published: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Of acknowledged messages, to members of their room. */
  readonly delivered: number;
  readonly lost: number;
  readonly ack: Latencies;
  readonly delivery: Latencies;
}

const TICK_MS = 10;
const SETTLE_MS = 5_000;
const MICROSECONDS = 1_000;

/** Publishes evenly, round robin over the members, and waits until everything arrived or 5 s passed. */
export async function runLoad({
  fleet,
  rate,
  durationSeconds,
  bytes,
  timeoutMs,
  progress,
}: LoadRun): Promise<LoadResult> {
  const acks = createHistogram();
  const deliveries = createHistogram();
  const run = `${process.pid}-${Date.now()}`;
  const text = 'x'.repeat(bytes);
  let [acknowledged, refused, delivered, expected] = [0, 0, 0, 0];
  for (const { room } of fleet.members)
    room.onEvent(({ data }) => {
      const sentAt = stampOf(data, run);
      if (sentAt === undefined) return;
      delivered += 1;
      record(deliveries, performance.now() - sentAt);
    });

  async function publish(index: number): Promise<void> {
    const member = fleet.members[index % fleet.members.length];
    if (!member) return;
    const sentAt = performance.now();
    try {
      await member.room.publish('message', { text, run, sentAt }, { ttlMs: timeoutMs });
      record(acks, performance.now() - sentAt);
      acknowledged += 1;
      expected += fleet.sizes.get(member.room.name) ?? 0;
    } catch {
      refused += 1;
    }
  }

  const total = rate * durationSeconds;
  const underWay: Promise<void>[] = [];
  const started = performance.now();
  progress.begin('publishing', total);
  while (underWay.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1_000) * rate) + 1);
    while (underWay.length < due) underWay.push(publish(underWay.length));
    progress.advance(underWay.length);
    await pause(TICK_MS);
  }
  await Promise.all(underWay);
  const publishMs = performance.now() - started;
  const deadline = performance.now() + SETTLE_MS;
  while (delivered < expected && performance.now() < deadline) await pause(TICK_MS);
  return {
    connections: fleet.members.length,
    rooms: fleet.sizes.size,
    openMs: round(fleet.openMs),
    publishMs: round(publishMs),
    published: total,
    acknowledged,
    refused,
    delivered,
    lost: Math.max(0, expected - delivered),
    ack: latencies(acks),
    delivery: latencies(deliveries),
  };
}

function stampOf(data: unknown, run: string): number | undefined {
  if (typeof data !== 'object' || data === null || Reflect.get(data, 'run') !== run) return undefined;
  const sentAt: unknown = Reflect.get(data, 'sentAt');
  return typeof sentAt === 'number' ? sentAt : undefined;
}

function record(histogram: RecordableHistogram, milliseconds: number): void {
  histogram.record(Math.max(1, Math.round(milliseconds * MICROSECONDS)));
}

function latencies(histogram: RecordableHistogram): Latencies {
  const at = (percentile: number) =>
    histogram.count === 0 ? 0 : round(histogram.percentile(percentile) / MICROSECONDS);
  return { p50: at(50), p95: at(95), p99: at(99), max: at(100) };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
