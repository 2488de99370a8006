import type { Heard } from '@trunkline/server/testing';
import { connectRaw, type RawClient } from '@trunkline/testkit';
import type { z } from 'zod';
import { serverMessageSchema as bookingMessages } from '../../src/booking/schema.js';
import { serverMessageSchema as falconMessages } from '../../src/falcon/schema.js';
import { serverMessageSchema as secureconnectMessages } from '../../src/secureconnect/schema.js';
import { messageSchema as shipvoxMessages } from '../../src/shipvox/schema.js';
import { RefusedUpgrade, type SpeakOptions, speakWebSocket, type WebSocketSpeaker } from './speak-web-socket.js';
import type { StartedHub } from './start-hub.js';

/** What each format's server may say, by its path. */
const MESSAGES: Readonly<Record<string, z.ZodType>> = {
  '/ws': bookingMessages,
  '/shipvox/ws': shipvoxMessages,
  '/v1/ws/chat': secureconnectMessages,
  '/websocket/connect': falconMessages,
};

/** Opens a path of a hub; whatever comes is compared with the schema of the format that is spoken there. */
export function open(
  served: StartedHub,
  path: string,
  options: Omit<SpeakOptions, 'messages'> = {},
): Promise<WebSocketSpeaker> {
  const messages = MESSAGES[path.replace(/\?.*/, '')];
  if (!messages) throw new Error(`No format is spoken at ${path}.`);
  return speakWebSocket(`ws://127.0.0.1:${served.port}${path}`, { ...options, messages });
}

/** Connects to a path of a hub by query token. */
export async function connect(served: StartedHub, path: string, token?: string): Promise<WebSocketSpeaker> {
  const query = token === undefined ? '' : `${path.includes('?') ? '&' : '?'}token=${token}`;
  return open(served, `${path}${query}`);
}

/** Connects with a bearer header. */
export async function connectBearer(served: StartedHub, path: string, token: string): Promise<WebSocketSpeaker> {
  return open(served, path, { headers: { Authorization: `Bearer ${token}` } });
}

/** Status and body of an upgrade that is refused in HTTP. */
export async function refusal(
  served: StartedHub,
  path: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  try {
    await using connection = await open(served, path, { headers });
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
