import { canonicalDialect } from '@trunkline/server';
import { secureconnectDialect } from '../../src/secureconnect/index.js';
import { connectBearer, next } from './clients.js';
import { type StartedHub, startHub } from './start-hub.js';

/** The conversation that the document's code opens. */
export const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
export const OTHER = '660e8400-e29b-41d4-a716-446655440000';
export const PATH = '/v1/ws/chat';
export const CHAT = `${PATH}?conversation_id=${CONVERSATION}`;
export const ROOM = `conversation:${CONVERSATION}`;
export const ALICE = '123e4567-e89b-12d3-a456-426614174000';
export const BOB = '223e4567-e89b-12d3-a456-426614174000';

export async function start(options = {}): Promise<StartedHub> {
  const served = await startHub([secureconnectDialect(), canonicalDialect()], options);
  await served.relate(`${ROOM} participant ${ALICE}`, `${ROOM} participant ${BOB}`);
  return served;
}

export async function join(served: StartedHub, userId: string) {
  const client = await connectBearer(served, CHAT, await served.token(userId));
  await next(client, 'user_joined');
  return client;
}
