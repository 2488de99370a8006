import './support/dom.js';
import { QueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { cleanup, screen } from '@testing-library/react';
import type { Client } from '@trunkline/client';
import { Suspense } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { useClient, useConnection, useQueue } from '../src/index.js';
import { roomQueryOptions, useRealtimeQuery } from '../src/query.js';
import { inQueries } from './support/bookings.js';
import { renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

function Messages() {
  const client = useClient();
  return client && <MessageList client={client} />;
}

function MessageList({ client }: { readonly client: Client }) {
  const { data: events = [] } = useRealtimeQuery(roomQueryOptions(client, 'lobby:main', { limit: 100 }));
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
    inQueries(new QueryClient(), <Messages />),
  );
  await pouring;
  await screen.findByText(all.join(' '));
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
