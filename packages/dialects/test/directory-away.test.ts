import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMemoryDirectory, createWebhookDirectory } from '@trunkline/server';
import { eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { bookingDialect, bookingService } from '../src/booking/index.js';
import { falconDialect } from '../src/falcon/index.js';
import { connect, connectBearer, next, say } from './support/clients.js';
import { startHub } from './support/start-hub.js';

/** A service that knows relations, as `object relation user`; it answers 500 while it is broken. */
async function startRelations(...facts: string[]) {
  const known = new Set(facts);
  const service = {
    broken: false,
    refusals: 0,
    known,
    url: '',
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer((_, res) => {
    const relations = [...known].map((fact) => {
      const [object, relation, user] = fact.split(' ');
      return { object, relation, user };
    });
    if (service.broken) res.once('finish', () => service.refusals++);
    res.writeHead(service.broken ? 500 : 200).end(JSON.stringify({ relations }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}

function serve({ url }: { readonly url: string }) {
  const directory = createWebhookDirectory({ url, carrier: createMemoryDirectory() });
  return startHub([bookingDialect(), falconDialect()], { directory });
}

test('who lost a right while relations could not be read loses the room once they can', async () => {
  await using relations = await startRelations('booking:1 owner alice');
  await using served = await serve(relations);
  await using alice = await connect(served, '/ws', await served.token('alice'));
  say(alice, { type: 'join', room: 'booking:1' });
  await next(alice, 'joined_room');
  relations.broken = true;
  relations.known.clear();
  await served.unrelate('booking:1 owner alice');
  await eventually(() => relations.refusals > 0);
  await bookingService(served.hub).broadcastBookingStatus('1', 'alice', 'still hers');
  await next(alice, 'status_update');
  relations.broken = false;
  expect(await next(alice, 'left_room')).toMatchObject({ room: 'booking:1' });
});

test('a falcon client that comes while relations can not be read is in its groups once they can', async () => {
  await using relations = await startRelations('group:fleet member alice');
  await using served = await serve(relations);
  relations.broken = true;
  await using alice = await connectBearer(served, '/websocket/connect', await served.token('alice'));
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'user:alice' });
  await eventually(() => relations.refusals > 0);
  relations.broken = false;
  expect(await next(alice, 'room_joined')).toMatchObject({ room: 'group:fleet' });
});

test('a change that is told again and again tells a falcon client each time what it says, and nothing else', async () => {
  await using relations = await startRelations('group:fleet member alice');
  await using served = await serve(relations);
  await using alice = await connectBearer(served, '/websocket/connect', await served.token('alice'));
  await alice.take(({ room }) => room === 'group:fleet', 'group:fleet');
  const told = [true, true, false, false, true];
  for (const joined of told) await (joined ? served.relate : served.unrelate)('group:fleet member alice');
  say(alice, { type: 'heartbeat', id: 'last' });
  await next(alice, 'heartbeat');
  const changes = alice.seen.filter(({ type }) => type === 'group_membership_change');
  expect(changes.map(({ data }) => (data as { joined: boolean }).joined)).toEqual(told);
});
