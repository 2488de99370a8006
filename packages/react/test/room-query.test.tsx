import './support/dom.js';
import { QueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { cleanup, screen } from '@testing-library/react';
import type { Client } from '@trunkline/client';
import { eventually } from '@trunkline/testkit';
import { Suspense } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { useClient, useConnection, useQueue } from '../src/index.js';
import { type RoomQuery, roomQueryOptions, useRealtimeQuery } from '../src/query.js';
import { inQueries } from './support/bookings.js';
import { holdFrames } from './support/hold-frames.js';
import { renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

function Messages(query: RoomQuery) {
  const client = useClient();
  return client && <MessageList client={client} {...query} />;
}

function MessageList({ client, ...query }: RoomQuery & { readonly client: Client }) {
  const { data: events = [] } = useRealtimeQuery(roomQueryOptions(client, 'lobby:main', query));
  return <output>{events.map(({ data }) => (data as { text: string }).text).join(' ')}</output>;
}

test('roomQueryOptions with useRealtimeQuery holds every message once while they pour in', async () => {
  await using server = await startServer();
  const all = Array.from({ length: 60 }, (_, n) => String(n));
  const pouring = (async () => {
    for (const text of all) await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  })();
  await using _app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(new QueryClient(), <Messages limit={100} />),
  );
  await pouring;
  await screen.findByText(all.join(' '));
});

test('roomQueryOptions keeps the order when more than a page comes during the fetch, and no more events than asked', async () => {
  await using server = await startServer();
  const say = async (...texts: string[]) => {
    for (const text of texts) await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  };
  const held = holdFrames('questions');
  held.hold();
  await using app = renderApp(
    { url: server.url, token: await server.token('ann'), WebSocket: held.HoldingSocket },
    inQueries(new QueryClient(), <Messages limit={2} maxEvents={3} />),
  );
  await eventually(() => held.waiting === 1);
  await say('1', '2', '3', '4');
  await eventually(() => app.client.room('lobby:main').position?.offset === 4);
  held.letGo();
  await screen.findByText('3 4');
  await say('5', '6');
  await screen.findByText('4 5 6');
});

test('roomQueryOptions keeps one event when one is wanted', async () => {
  await using server = await startServer();
  const say = (text: string) => server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  await say('1');
  await using _app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(new QueryClient(), <Messages limit={1} maxEvents={1} />),
  );
  await screen.findByText('1');
  await say('2');
  await screen.findByText('2');
});

function Waiting() {
  return <p>{`${useQueue().length} wait, ${useConnection().queue.length} in all`}</p>;
}

function Loaded() {
  const { data } = useSuspenseQuery(roomQueryOptions(useClient() as Client, 'lobby:main'));
  return <output>{`${data.length} messages`}</output>;
}

test('roomQueryOptions with useSuspenseQuery leaves alone, while it renders, what shows the queue', async () => {
  await using server = await startServer();
  const complain = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const queries = new QueryClient();
  const page = (isOpen: boolean) =>
    inQueries(
      queries,
      <>
        <Waiting />
        <Suspense>{isOpen && <Loaded />}</Suspense>
      </>,
    );
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, page(false));
  app.show(page(true));
  await screen.findByText('0 messages');
  expect(complain.mock.calls).toEqual([]);
  complain.mockRestore();
});
