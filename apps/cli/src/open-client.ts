import { type Client, type ConnectionState, createClient } from '@trunkline/client';
import { closeCodeRule, TrunklineError } from '@trunkline/protocol';
import { cureOf } from './client-error.js';
import { findToken, type ServerOptions, unreachable } from './server-options.js';

export type OpenClient = Client & AsyncDisposable;

/**
 * A connected client. Once it was open it reconnects by itself; a server that is not there at first is told at once.
 *
 * @throws {CommandError} `unreachable`; {TrunklineError} when the server refuses this token
 */
export async function openClient(options: ServerOptions): Promise<OpenClient> {
  const token = await findToken(options);
  const { WebSocket } = await import('ws');
  const client = createClient({ url: options.url, token, WebSocket, wake: false });
  let stop = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    stop = client.on('state', (state) => {
      if (state.status === 'waiting' || state.status === 'closed') reject(explain(state, options.url));
    });
  });
  try {
    await Promise.race([client.connect(), failed]);
  } catch (error) {
    await client.close();
    throw error;
  } finally {
    stop();
    failed.catch(() => undefined);
  }
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Why the server sent this client away. */
export function explain({ cause }: ConnectionState & { readonly status: 'waiting' | 'closed' }, url: string): Error {
  if (cause.code === 1006) return unreachable(url);
  const { name } = closeCodeRule(cause.code);
  return new TrunklineError(name, `The server closed the connection (${cause.code}). ${cureOf(name) ?? ''}`.trim());
}
