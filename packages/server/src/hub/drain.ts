import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from './connection.js';
import type { Core } from './core.js';

/** What a client may take to get its acknowledgements before it goes. */
const AFTER_MS = 1_000;
const POLL_MS = 50;

export interface DrainOptions {
  /** The farewells are spread over this. */
  readonly windowMs: number;
  /** Everything is closed by then. */
  readonly deadlineMs: number;
}

/** Sends every connection away in its slot; each may finish what is in flight, then is closed 1012. */
export async function drainConnections(
  core: Core,
  options: DrainOptions,
  isBusy: (connection: Connection) => boolean,
): Promise<void> {
  const { windowMs, deadlineMs } = options;
  const deadline = performance.now() + deadlineMs;
  const connections = [...core.connections.byId.values()];
  await Promise.all(
    connections.map(async (connection, index) => {
      await delay(Math.min((index * windowMs) / connections.length, deadlineMs));
      connection.announceEnd(1012, 'service_restart', AFTER_MS);
      const patience = Math.min(performance.now() + AFTER_MS, deadline);
      while (connection.isOpen && performance.now() < (isBusy(connection) ? deadline : patience)) {
        // A dialect without a word for goodbye is waiting for nothing.
        if (!isBusy(connection) && connection.options.eachEventOnce !== false) break;
        await delay(Math.min(POLL_MS, Math.max(1, deadline - performance.now())));
      }
      connection.close(1012, 'service_restart');
    }),
  );
}

/** Waits for what runs: who asked for it gets the result on another node, or was told that it is accepted. */
export async function drainWork(isIdle: () => boolean, deadline: number): Promise<void> {
  while (!isIdle() && performance.now() < deadline) await delay(POLL_MS);
}
