import './support/dom.js';
import { QueryClient } from '@tanstack/react-query';
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { type Client, createClient } from '@trunkline/client';
import type { BuiltInContract } from '@trunkline/protocol/contract';
import { eventually } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bridge, useAction } from '../src/query.js';
import { type Booking, change, createTable, inQueries } from './support/bookings.js';
import { renderApp } from './support/render-app.js';
import { type StartedServer, startServer } from './support/start-server.js';

afterEach(cleanup);

async function openOwner(server: StartedServer, url = server.url): Promise<Client<BuiltInContract> & AsyncDisposable> {
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  const token = await server.token('ann');
  const client = createClient<BuiltInContract>({ url, token, WebSocket, backoff: { baseMs: 20, capMs: 50 } });
  return Object.assign(Object.create(client) as typeof client, { [Symbol.asyncDispose]: () => client.close() });
}

const bookings = {
  queryKey: (id: string) => ['booking', id],
  on: {
    status_update: (booking: Booking, { data }: { readonly data: { readonly status: string } }) => ({
      status: data.status,
      changes: booking.changes + 1,
    }),
  },
};

test('bridge writes an event into the query of its room, and nothing where no data is (query #358)', async () => {
  await using server = await startServer();
  await using client = await openOwner(server);
  const queries = new QueryClient();
  const stop = bridge(client, queries, { booking: bookings });
  await client.room('booking:7').join();
  await change(server, 'ignored');
  await eventually(() => client.room('booking:7').position?.offset === 1);
  expect(queries.getQueryData(['booking', '7'])).toBeUndefined();
  queries.setQueryData(['booking', '7'], { status: 'new', changes: 0 });
  await change(server, 'accepted');
  await eventually(() => expect(queries.getQueryData(['booking', '7'])).toEqual({ status: 'accepted', changes: 1 }));
  stop();
  await change(server, 'late');
  await eventually(() => client.room('booking:7').position?.offset === 3);
  expect(queries.getQueryData(['booking', '7'])).toEqual({ status: 'accepted', changes: 1 });
});

test('bridge fetches again after a gap', async () => {
  await using server = await startServer();
  await using client = await openOwner(server);
  const queries = new QueryClient();
  bridge(client, queries, { booking: [bookings] });
  await client.room('booking:7').join();
  queries.setQueryData(['booking', '7'], { status: 'new', changes: 0 });
  await server.hub.purge('booking:7');
  await eventually(() => queries.getQueryState(['booking', '7'])?.isInvalidated);
});

test('an event after a gap leaves the query to be fetched again', async () => {
  await using server = await startServer();
  await using client = await openOwner(server);
  const queries = new QueryClient();
  bridge(client, queries, { booking: bookings });
  await client.room('booking:7').join();
  queries.setQueryData(['booking', '7'], { status: 'new', changes: 0 });
  await server.hub.purge('booking:7');
  await eventually(() => queries.getQueryState(['booking', '7'])?.isInvalidated);
  await change(server, 'accepted');
  await eventually(() => expect(queries.getQueryData(['booking', '7'])).toEqual({ status: 'accepted', changes: 1 }));
  expect(queries.getQueryState(['booking', '7'])?.isInvalidated).toBe(true);
});

test('an event that comes during a fetch is kept when the fetch is cancelled', async () => {
  await using server = await startServer();
  await using client = await openOwner(server);
  const queries = new QueryClient();
  bridge(client, queries, { booking: { ...bookings, idempotent: true } });
  await client.room('booking:7').join();
  const table = createTable();
  const options = { queryKey: ['booking', '7'], queryFn: table.read };
  await queries.fetchQuery(options);
  table.hold();
  const second = queries.fetchQuery(options).catch(() => undefined);
  await change(server, 'accepted');
  await eventually(() => expect(queries.getQueryData(['booking', '7'])).toEqual({ status: 'accepted', changes: 1 }));
  await queries.cancelQueries(options);
  await second;
  expect(queries.getQueryData(['booking', '7'])).toMatchObject({ status: 'accepted' });
});

test('an event that comes during a fetch is not lost to the older answer: the query is fetched once more', async () => {
  await using server = await startServer();
  await using client = await openOwner(server);
  const queries = new QueryClient();
  bridge(client, queries, { booking: bookings });
  await client.room('booking:7').join();
  const table = createTable();
  const release = table.hold();
  const options = { queryKey: ['booking', '7'], queryFn: table.read };
  const first = queries.fetchQuery(options);
  table.booking = { status: 'accepted', changes: 1 };
  await change(server, 'accepted');
  await eventually(() => client.room('booking:7').position?.offset === 1);
  release();
  expect(await first).toEqual({ status: 'new', changes: 0 });
  await eventually(() => queries.getQueryState(['booking', '7'])?.isInvalidated);
  expect(await queries.fetchQuery(options)).toEqual({ status: 'accepted', changes: 1 });
});

function Ask() {
  const { mutate, data, error, status } = useAction('echo');
  return (
    <>
      <output>{`${status} ${JSON.stringify(data)} ${error?.code}`}</output>
      <button type="button" onClick={() => mutate({ n: 1 })}>
        ask
      </button>
      <button type="button" onClick={() => mutate('not an object')}>
        wrong
      </button>
    </>
  );
}

test('useAction asks as a mutation does, with the typed error', async () => {
  await using server = await startServer();
  server.hub.handle('echo', (input) => input);
  await using _app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(new QueryClient(), <Ask />),
  );
  fireEvent.click(screen.getByText('ask'));
  await screen.findByText('success {"n":1} undefined');
  fireEvent.click(screen.getByText('wrong'));
  await screen.findByText('error undefined invalid_data');
});
