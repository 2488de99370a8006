import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { canonicalDialect, createHub, createJwtAuthenticator, createMemoryBroker } from '@trunkline/server';
import { createMetrics } from '../../../apps/server/src/observability/metrics.js';
import { benchContract } from '../servers/bench-contract.js';
import { JWT_SECRET } from '../servers/secret.js';
import { tokenOf } from './crowd.js';
import { type EventSource, pace } from './event-source.js';
import { messageData } from './message-data.js';

const LOG = { size: 1_000, ttlMs: 86_400_000 };

/**
 * The full server, in this process, hearing of events that another node published: validation and acknowledgement are
 * paid there, or the server and not its client would be what is measured.
 */
export async function createHubSource(http: Server, room: string): Promise<EventSource> {
  const { observer } = createMetrics();
  const broker = createMemoryBroker();
  const hub = createHub({
    contract: benchContract,
    authenticator: createJwtAuthenticator({ secret: JWT_SECRET }),
    broker,
    observer,
  });
  await hub.start();
  hub.attach(http, [canonicalDialect()]);
  const publishOne = () =>
    broker.publish({
      room,
      eventId: randomUUID(),
      event: 'message',
      from: { userId: 'publisher', connectionId: 'c1' },
      data: JSON.parse(messageData(64)),
      timestamp: Date.now(),
      log: LOG,
      // The keys of what another node published are not kept here.
      dedupeWindowMs: 0,
      minReplicas: 0,
    });
  return {
    path: '/v1/connect',
    token: await tokenOf('browser'),
    send: (count, perSecond) =>
      pace(count, perSecond, (due) => {
        for (let sent = 0; sent < due; sent++) void publishOne();
      }),
    close: () => hub.close(),
  };
}
