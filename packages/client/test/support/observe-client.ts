import { TrunklineError } from '@trunkline/protocol';
import type { ConnectionState } from '../../src/index.js';
import type { TestClient } from './open-client.js';

/** What it resolves with, or the code that it is rejected with. */
export const settle = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error) => (error instanceof TrunklineError ? error.code : error));

/** Each state from now on. */
export function statuses(client: TestClient): readonly ConnectionState[] {
  const seen: ConnectionState[] = [];
  client.on('state', (next) => seen.push(next));
  return seen;
}

/** The code of each error that it tells from now on. */
export function errors(client: TestClient): readonly string[] {
  const seen: string[] = [];
  client.on('error', ({ code }) => seen.push(code));
  return seen;
}
