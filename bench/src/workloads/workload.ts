import type { ServerName, Target } from '../load/target.js';

/** How much is done: `smoke` only shows that it works, `short` suits a busy machine, `full` is what is published. */
export type Size = 'smoke' | 'short' | 'full';

/** What one round measured, by metric. */
export type Sample = Readonly<Record<string, number>>;

/** One contender ready for rounds. */
export interface Trial {
  round(): Promise<Sample>;
  close(): Promise<void>;
}

export interface Goal {
  readonly metric: string;
  /** Another contender: the goal is a ratio, paired within a round. Absent: an absolute figure. */
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly aim?: number;
}

/** A metric as the table shows it. */
export interface Metric {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
}

/** One row of the table. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Shown metrics, the main one first. */
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly goals: readonly Goal[];
  /** Ours first; each is measured once a round, in this order. */
  readonly contenders: readonly string[];
  open(contender: string, size: Size): Promise<Trial>;
}

/** The part of a workload that runs in the load generator's thread. */
export type Scenario = (target: Target, size: Size) => Promise<Trial>;

export const SERVERS: readonly ServerName[] = ['trunkline', 'ws', 'socket.io', 'bun'];
/** Where little can be batched: beside the least that a server on Node can do. */
export const WITH_LEAST: readonly ServerName[] = ['trunkline', 'ws', 'socket.io', 'ws-outbox', 'bun'];
