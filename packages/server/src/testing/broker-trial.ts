import { createId } from '@trunkline/protocol';
import type { Broker, Publication } from '../seams/broker.js';
import type { BrokerRecorder } from './broker-recorder.js';

/** Brokers that run, each with a record of what it told. */
export interface StartedNodes extends AsyncDisposable {
  readonly broker: Broker;
  readonly recorder: BrokerRecorder;
  readonly all: readonly { readonly broker: Broker; readonly recorder: BrokerRecorder }[];
  room(): string;
}

/** Declares one test with nodes of its own. */
export type Trial = (name: string, run: (nodes: StartedNodes) => Promise<void>) => void;

type Overrides = Partial<Publication>;

/** A publication with defaults, for suites and tests. */
export function makePublication(room: string, overrides: Overrides = {}): Publication {
  const id = createId();
  return {
    room,
    eventId: `event-${id}`,
    event: 'message',
    from: { userId: 'u1', connectionId: 'c1' },
    data: { text: id },
    timestamp: Date.now(),
    log: { size: 100, ttlMs: 60_000 },
    dedupeWindowMs: 60_000,
    key: { userId: 'u1', id },
    minReplicas: 0,
    ...overrides,
  };
}
