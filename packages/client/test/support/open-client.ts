import type { BuiltInContract } from '@trunkline/protocol/contract';
import { WebSocket } from 'ws';
import { type Client, type ClientOptions, createClient } from '../../src/index.js';

export type TestClient = Client<BuiltInContract> & AsyncDisposable;

/** Backoff that a test need not wait for. */
export const QUICK = { backoff: { baseMs: 5, capMs: 20 } } as const;

/** A client that ends with the test's scope. */
export function openClient(options: ClientOptions): TestClient {
  const client = createClient<BuiltInContract>({ WebSocket, ...options });
  return Object.defineProperties(
    { ...client, [Symbol.asyncDispose]: () => client.close() },
    Object.getOwnPropertyDescriptors(client),
  ) as TestClient;
}
