import { Worker } from 'node:worker_threads';
import type { FinalLog, HistoryEntry } from '@trunkline/cli/verify';

export interface FleetOptions {
  readonly workers: number;
  readonly rooms: readonly string[];
  readonly urls: readonly string[];
  /** By client. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly seed: number;
  /** Publishes a second of each client. */
  readonly rate: number;
  /** Clients also leave and rejoin rooms, and end and are made anew. @default false */
  readonly restless?: boolean;
}

/** What a worker is told. */
export type Order =
  | { readonly type: 'publish' }
  /** No new publishes; those under way settle. */
  | { readonly type: 'quiet' }
  | { readonly type: 'status' }
  | { readonly type: 'read' }
  | { readonly type: 'close' };
/** What a worker tells. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'history'; readonly entries: readonly HistoryEntry[] }
  | {
      readonly type: 'status';
      readonly pending: number;
      readonly positions: readonly string[];
      /** Users in each room, as `room user`. */
      readonly members: readonly string[];
      readonly waiting: readonly string[];
    }
  | { readonly type: 'logs'; readonly logs: readonly FinalLog[] }
  | { readonly type: 'closed' };
export interface WorkerData extends Omit<FleetOptions, 'workers'> {
  readonly names: readonly string[];
}

/** Clients of the public SDK in worker threads, each with its own event loop. */
export class Fleet implements AsyncDisposable {
  readonly history: HistoryEntry[] = [];
  readonly #workers: readonly Worker[];

  constructor({ workers, ...shared }: FleetOptions, module: URL) {
    const clients = Object.keys(shared.tokens);
    this.#workers = Array.from({ length: workers }, (_, index) => {
      const names = clients.filter((_name, client) => client % workers === index);
      const workerData: WorkerData = { ...shared, names, seed: shared.seed + index };
      const worker = new Worker(module, { workerData });
      worker.on('message', (report: Report) => {
        if (report.type === 'history') this.history.push(...report.entries);
      });
      return worker;
    });
  }

  ready(): Promise<unknown> {
    return Promise.all(this.#workers.map((worker) => told(worker, 'ready')));
  }

  order(order: Order): void {
    for (const worker of this.#workers) worker.postMessage(order);
  }

  /** Publishes under way, each membership's place, and why clients with publishes under way wait. */
  async status(): Promise<Omit<Report & { readonly type: 'status' }, 'type'>> {
    const reports = await this.#ask({ type: 'status' }, 'status');
    return {
      pending: reports.reduce((sum, { pending }) => sum + pending, 0),
      positions: reports.flatMap(({ positions }) => positions),
      members: reports.flatMap(({ members }) => members),
      waiting: reports.flatMap(({ waiting }) => waiting),
    };
  }

  /** The rooms' logs, read by one client. */
  async logs(): Promise<readonly FinalLog[]> {
    const [first] = this.#workers;
    if (first === undefined) return [];
    const answer = told(first, 'logs');
    first.postMessage({ type: 'read' } satisfies Order);
    return (await answer).logs;
  }

  async close(): Promise<void> {
    await this.#ask({ type: 'close' }, 'closed');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #ask<T extends Report['type']>(order: Order, type: T): Promise<Extract<Report, { type: T }>[]> {
    const answers = this.#workers.map((worker) => told(worker, type));
    this.order(order);
    return Promise.all(answers);
  }
}

function told<T extends Report['type']>(worker: Worker, type: T): Promise<Extract<Report, { type: T }>> {
  return new Promise((resolve, reject) => {
    const onMessage = (report: Report) => {
      if (report.type !== type) return;
      worker.off('message', onMessage);
      worker.off('error', reject);
      resolve(report as Extract<Report, { type: T }>);
    };
    worker.on('message', onMessage);
    worker.once('error', reject);
  });
}
