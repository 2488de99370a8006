import { CLOSE_CODES } from '@trunkline/protocol';
import type { Hub, Observer } from '@trunkline/server';
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createDurations } from './durations.js';
import { createSum, createTally } from './tally.js';

/**
 * The figures of one process, for Prometheus. No user and no room is ever a label. Those of workers are added up, but
 * where a sum would hide the worker that is worst off: those name their aggregator.
 */
export interface Metrics {
  readonly observer: Observer;
  readonly registry: Registry;
  /** Read at each scrape. */
  watch(watched: Watched): void;
}
interface Watched {
  readonly ready: () => boolean;
  readonly hub: Pick<Hub, 'queuedBytes' | 'status'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'trunkline_' });
  // prom-client takes the average over workers, which hides the one that is late.
  Object.assign(registry.getSingleMetric('trunkline_nodejs_eventloop_lag_p99_seconds') ?? {}, { aggregator: 'max' });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `trunkline_${name}`, help, labelNames, registers });
  const tally = (name: string, help: string, label: string, secondLabel?: string) =>
    createTally({ name: `trunkline_${name}`, help, label, registry, ...(secondLabel && { secondLabel }) });
  const sum = (name: string, help: string) => createSum({ name: `trunkline_${name}`, help, registry });
  const durations = (name: string, help: string, label?: string) =>
    createDurations({ name: `trunkline_${name}`, help, registry, ...(label && { label }) });

  const open = new Gauge({
    name: 'trunkline_connections',
    help: 'Open connections by dialect.',
    labelNames: ['dialect'],
    registers,
  });
  const opened = counter('connections_opened_total', 'Connections opened by dialect.', ['dialect']);
  const closed = counter('connections_closed_total', 'Connections closed by dialect and close code.', [
    'dialect',
    'code',
  ]);
  const framesIn = tally('frames_received_total', 'Frames received by dialect.', 'dialect');
  const bytesIn = tally('bytes_received_total', 'Bytes received by dialect.', 'dialect');
  const framesOut = sum('frames_sent_total', 'Frames sent.');
  const bytesOut = sum('bytes_sent_total', 'Bytes sent.');
  const flushes = sum('flushes_total', 'Writes to sockets.');
  const publishes = tally('publishes_total', 'Events published by room kind.', 'kind', 'durable');
  const deliveries = tally('deliveries_total', 'Copies of events handed to connections, by room kind.', 'kind');
  const redisCommands = tally('redis_commands_total', 'Commands sent to Redis, by name.', 'command');
  const acks = durations('ack_seconds', 'From the arrival of a publish to its ack.');
  const delays = durations('delivery_seconds', 'From the timestamp of an event to its write.');
  const drops = counter('drops_total', 'Ephemeral events dropped, by reason.', ['reason']);
  const resumes = counter('resumes_total', 'Rooms resumed, by outcome.', ['outcome']);
  const gaps = counter('gaps_total', 'Gaps told to members, by cause.', ['cause']);
  const authFailures = counter('auth_failures_total', 'Refused credentials, by reason.', ['reason']);
  const limitHits = counter('limit_hits_total', 'Limits met, by limit.', ['limit']);
  const refusals = counter('refusals_total', 'Commands refused, by error code.', ['code']);
  const requests = durations('request_seconds', 'Requests from arrival to settlement, by outcome.', 'outcome');
  const brokerEvents = counter('broker_events_total', 'Reconnects, repairs, junk and the like.', ['event']);
  const canaryAge = new Gauge({
    name: 'trunkline_canary_age_seconds',
    help: 'Age of the newest message that this node heard from itself through the broker.',
    registers,
    aggregator: 'max',
  });

  const observer: Observer = {
    connectionOpened(dialect) {
      open.inc({ dialect });
      opened.inc({ dialect });
    },
    connectionClosed(dialect, code) {
      open.dec({ dialect });
      closed.inc({ dialect, code: codeLabel(code) });
    },
    frameReceived(dialect, bytes) {
      framesIn.add(dialect, 1);
      bytesIn.add(dialect, bytes);
    },
    framesSent(frames, bytes, writes) {
      flushes(writes);
      framesOut(frames);
      bytesOut(bytes);
    },
    published: (kind, durable) => publishes.add(kind, 1, durable ? 'true' : 'false'),
    delivered: (kind, recipients) => deliveries.add(kind, recipients),
    acknowledged: (durationMs) => acks.add(durationMs),
    deliveryDelay: (durationMs) => delays.add(Math.max(0, durationMs)),
    dropped: (reason, count) => drops.inc({ reason }, count),
    resumed: (outcome) => resumes.inc({ outcome }),
    gap: (cause) => gaps.inc({ cause }),
    authFailed: (reason) => authFailures.inc({ reason }),
    limited: (limit) => limitHits.inc({ limit }),
    refused: (code) => refusals.inc({ code }),
    requestSettled: (outcome, durationMs) => requests.add(durationMs, outcome),
    brokerEvent: (event) => brokerEvents.inc({ event }),
    redisCommand: (name) => redisCommands.add(name, 1),
    canaryAge: (seconds) => canaryAge.set(seconds),
  };

  return {
    observer,
    registry,
    watch({ hub, ready }) {
      const read = (name: string, help: string, value: () => number, aggregator: Aggregator = 'sum') =>
        new Gauge({
          name: `trunkline_${name}`,
          help,
          registers,
          aggregator,
          collect() {
            this.set(value());
          },
        });
      read('ready', '1 while this node takes traffic.', () => Number(ready()), 'min');
      read('degraded', '1 while Redis is away.', () => Number(hub.status().state === 'degraded'), 'max');
      read('queue_bytes', 'Bytes that wait for slow readers.', () => hub.queuedBytes());
      read('rooms', 'Rooms with members in this process; with workers, their sum.', () => hub.status().rooms);
    },
  };
}

/** From 3000 on a peer may close with any code; those of our table are enough for labels. */
function codeLabel(code: number): string {
  return code < 3_000 || Object.hasOwn(CLOSE_CODES, code) ? String(code) : 'other';
}
