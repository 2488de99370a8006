import { type ActionRequest, canonicalDialect } from '@trunkline/server';
import { io } from 'socket.io-client';
import { actionsDialect } from '../../src/actions/index.js';
import { connectActions } from '../../src/actions/speaker.js';
import { type StartedHub, startHub } from './start-hub.js';

export const ACME = { company_id: 'acme' };

export const request = (action: string, data: unknown, requestId = 'req-1') =>
  JSON.stringify({ type: 'REQUEST', requestId, action, data });

/** A hub whose backend `answer` is. */
export function start(
  answer: (request: ActionRequest) => Promise<unknown> = async ({ data }) => ({ got: data }),
  limits = {},
) {
  return startHub([actionsDialect(), canonicalDialect()], { forwardAction: answer, limits });
}

export async function connect(
  served: StartedHub,
  userId: string,
  options: Parameters<typeof connectActions>[1] | object = {},
) {
  return connectActions(served.port, { token: await served.token(userId, ACME), ...options });
}

/** A client of the Socket.IO package, connecting. */
export async function openIo(served: StartedHub, userId: string) {
  return io(`http://127.0.0.1:${served.port}`, {
    path: '/realtime',
    auth: { token: await served.token(userId) },
    query: { sessionId: 's' },
    forceNew: true,
  });
}
