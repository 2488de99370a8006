import type { Heard } from '@trunkline/server/testing';
import { connectRaw, type RawClient } from '@trunkline/testkit';
import { type ClientOptions, WebSocket } from 'ws';
import { RefusedUpgrade, speakWebSocket, type WebSocketSpeaker } from './speak-web-socket.js';
import type { StartedHub } from './start-hub.js';

/** Connects to a path of a hub by query token. */
export async function connect(served: StartedHub, path: string, token?: string): Promise<WebSocketSpeaker> {
  const query = token === undefined ? '' : `${path.includes('?') ? '&' : '?'}token=${token}`;
  return speakWebSocket(`ws://127.0.0.1:${served.port}${path}${query}`);
}

/** Connects with a bearer header. */
export async function connectBearer(served: StartedHub, path: string, token: string): Promise<WebSocketSpeaker> {
  return speakWebSocket(`ws://127.0.0.1:${served.port}${path}`, { headers: { Authorization: `Bearer ${token}` } });
}

/** Status and body of an upgrade that is refused in HTTP. */
export async function refusal(
  served: StartedHub,
  path: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  try {
    await using connection = await speakWebSocket(`ws://127.0.0.1:${served.port}${path}`, { headers });
    return `open, then ${await connection.ended}`;
  } catch (error) {
    if (!(error instanceof RefusedUpgrade)) throw error;
    return { status: error.status, body: JSON.parse(error.body) };
  }
}

export function say(connection: WebSocketSpeaker, message: Readonly<Record<string, unknown>>): void {
  connection.send(JSON.stringify(message));
}

/** Takes the next message of a type. */
export function next(connection: { take: WebSocketSpeaker['take'] }, type: string): Promise<Heard> {
  return connection.take((message) => message.type === type, type);
}

/** A `trunkline.v1` client in rooms. */
export async function connectSdk(
  served: StartedHub,
  userId: string,
  rooms: readonly string[],
  claims = {},
): Promise<RawClient> {
  const token = await served.token(userId, claims);
  const client = await connectRaw({ url: `ws://127.0.0.1:${served.port}/v1/connect` });
  await client.hello({ token });
  for (const room of rooms) await client.join(room);
  return client;
}

/** The `WebSocket` of a document's snippet: its host and port are the hub's. */
export function webSocketTo(port: number) {
  return class extends WebSocket {
    constructor(url: string, options: ClientOptions = {}) {
      super(url.replace(/^ws:\/\/[^/]+/, `ws://127.0.0.1:${port}`), options);
    }
  };
}
