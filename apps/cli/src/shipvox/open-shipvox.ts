import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { CommandError, EXIT } from '../exit-code.js';
import { refusal } from './refusal.js';

/** The envelope of every message, both ways. */
interface ShipvoxMessage {
  readonly type: string;
  readonly payload: unknown;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly requestId: string;
  /** Whose it is; absent where the server itself says it. */
  readonly user?: string;
}

export interface ShipvoxSocket extends AsyncDisposable {
  send(type: string, payload: unknown): string;
  /** Sends, and resolves with the message that carries the same requestId: everybody hears a message, its sender too. */
  exchange(type: string, payload: unknown): Promise<ShipvoxMessage>;
  onMessage(listener: (message: ShipvoxMessage) => void): void;
  /** With the close code. */
  readonly closed: Promise<number>;
}

const ANSWER_MS = 10_000;

/** @throws the socket's own error when there is no connection */
export async function openShipvox(url: string, token: string): Promise<ShipvoxSocket> {
  const address = new URL(url);
  address.searchParams.set('token', token);
  const socket = new WebSocket(address);
  const listeners = new Set<(message: ShipvoxMessage) => void>();
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data) => {
    const message: unknown = JSON.parse(String(data));
    if (isMessage(message)) for (const listener of listeners) listener(message);
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);

  function send(type: string, payload: unknown): string {
    const requestId = randomUUID();
    socket.send(JSON.stringify({ type, payload, timestamp: Date.now(), requestId }));
    return requestId;
  }
  return {
    send,
    closed,
    onMessage: (listener) => void listeners.add(listener),
    exchange(type, payload) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () =>
            reject(new CommandError(EXIT.failed, 'No answer came in 10 s; look at the log of the server.', 'timeout')),
          ANSWER_MS,
        );
        closed.then((code) => {
          clearTimeout(timer);
          reject(refusal(code));
        });
        const requestId = send(type, payload);
        listeners.add((message) => {
          if (message.requestId !== requestId) return;
          clearTimeout(timer);
          resolve(message);
        });
      });
    },
    async [Symbol.asyncDispose]() {
      socket.close(1000);
      await closed;
    },
  };
}

function isMessage(value: unknown): value is ShipvoxMessage {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string';
}
