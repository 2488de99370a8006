import { canonicalDialect } from '@trunkline/server';
import { expect } from 'vitest';
import { falconDialect } from '../../src/falcon/index.js';
import { connectBearer, say } from './clients.js';
import { type StartedHub, startHub } from './start-hub.js';

export const PATH = '/websocket/connect';
export const ORIGIN = 'https://app.example.com';
export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

export const start = () => startHub([falconDialect(), canonicalDialect()], { allowedOrigins: [ORIGIN] });

/** A connection whose own room is joined. */
export async function join(served: StartedHub, userId: string, rooms: readonly string[] = []) {
  const client = await connectBearer(served, PATH, await served.token(userId));
  const joined = (room: string) =>
    client.take((message) => message.type === 'room_joined' && message.room === room, room);
  await joined(`user:${userId}`);
  for (const room of rooms) {
    say(client, { type: 'room_update', room, data: { action: 'join' } });
    await joined(room);
  }
  return client;
}
