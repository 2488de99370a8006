import './support/dom.js';
import { QueryClient, queryOptions } from '@tanstack/react-query';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import type { Client } from '@trunkline/client';
import { eventually, startFaultProxy } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { TrunklineProvider } from '../src/index.js';
import { useRealtimeQuery } from '../src/query.js';
import { type Booking, change, createTable, inQueries } from './support/bookings.js';
import { openClient, renderApp } from './support/render-app.js';
import { type StartedServer, startServer } from './support/start-server.js';

afterEach(cleanup);

function Status({ table }: { readonly table: ReturnType<typeof createTable> }) {
  const { data, isJoined } = useRealtimeQuery({
    ...queryOptions({ queryKey: ['booking', '7'], queryFn: table.read, staleTime: Number.POSITIVE_INFINITY }),
    room: 'booking:7',
    onEvent: (booking: Booking, event) =>
      event.event === 'status_update'
        ? { status: (event.data as { status: string }).status, changes: booking.changes + 1 }
        : booking,
  });
  return <output>{`${isJoined} ${data?.status} ${data?.changes}`}</output>;
}

test('useRealtimeQuery joins, fetches once, and counts each event once for two components in StrictMode', async () => {
  await using server = await startServer();
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  const table = createTable();
  const both = (
    <>
      <Status table={table} />
      <Status table={table} />
    </>
  );
  await using _app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(new QueryClient(), both),
  );
  await waitFor(() => expect(screen.getAllByText('true new 0')).toHaveLength(2));
  await change(server, 'accepted');
  await waitFor(() => expect(screen.getAllByText('true accepted 1')).toHaveLength(2));
  expect(table.reads).toBe(1);
});

test('useRealtimeQuery that comes back fetches what it missed while it was away', async () => {
  await using server = await startServer();
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  const table = createTable();
  const queries = new QueryClient();
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(queries, <Status table={table} />),
  );
  await screen.findByText('true new 0');
  app.show(inQueries(queries, null));
  await eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
  table.booking = { status: 'accepted', changes: 1 };
  await change(server, 'accepted');
  app.show(inQueries(queries, <Status table={table} />));
  await screen.findByText('true accepted 1');
  expect(table.reads).toBe(2);
});

test('useRealtimeQuery that resumes after a drop fetches nothing and misses nothing', async () => {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  const table = createTable();
  const url = `ws://127.0.0.1:${proxy.port}/v1/connect`;
  await using app = renderApp(
    { url, token: await server.token('ann'), backoff: { baseMs: 20, capMs: 50 } },
    inQueries(new QueryClient(), <Status table={table} />),
  );
  await screen.findByText('true new 0');
  await proxy.down();
  proxy.rstAll();
  await waitFor(() => expect(app.client.state.status).not.toBe('open'));
  await change(server, 'accepted');
  await proxy.up();
  await screen.findByText('true accepted 1');
  expect(table.reads).toBe(1);
});

test('useRealtimeQuery shows what can be fetched while the socket is out of reach', async () => {
  const table = createTable();
  await using _app = renderApp(
    { url: 'ws://127.0.0.1:9/v1/connect' },
    inQueries(new QueryClient(), <Status table={table} />),
  );
  await screen.findByText('false new 0');
});

test('useRealtimeQuery whose fetch failed while the socket was away fetches again once it has joined', async () => {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  await proxy.down();
  const table = createTable();
  const { read } = table;
  table.read = () => Promise.reject(new Error('no network'));
  const url = `ws://127.0.0.1:${proxy.port}/v1/connect`;
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  await using _app = renderApp(
    { url, token: await server.token('ann'), backoff: { baseMs: 20, capMs: 50 } },
    inQueries(queries, <Status table={{ ...table, read: () => table.read() }} />),
  );
  await waitFor(() => expect(queries.getQueryState(['booking', '7'])?.status).toBe('error'));
  table.read = read;
  await proxy.up();
  await screen.findByText('true new 0');
});

interface RoomProps {
  readonly id: string;
  /** What the application's backend has of each room. */
  readonly backend?: Readonly<Record<string, readonly string[]>>;
}

function RoomTexts({ id, backend = {} }: RoomProps) {
  const { data } = useRealtimeQuery({
    ...queryOptions({ queryKey: ['room', id], queryFn: async () => [...(backend[id] ?? [])], staleTime: Infinity }),
    room: `lobby:${id}`,
    onEvent: (texts: string[], { data: said }) => [...texts, (said as { text: string }).text],
  });
  return <output>{`${id}: ${data?.join(' ')}`}</output>;
}

const shown = () => screen.getAllByRole('status').map(({ textContent }) => textContent);

function sayTo(server: StartedServer, id: string, text: string) {
  return server.hub.publish({ rooms: [`lobby:${id}`], event: 'message', data: { text } });
}

test('useRealtimeQuery of two components: one goes on to another room, and each room tells its own query', async () => {
  await using server = await startServer();
  const queries = new QueryClient();
  const page = (first: string) =>
    inQueries(
      queries,
      <>
        <RoomTexts id={first} />
        <RoomTexts id="7" />
      </>,
    );
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, page('7'));
  await waitFor(() => expect(shown()).toEqual(['7: ', '7: ']));
  app.show(page('8'));
  await waitFor(() => expect(shown()).toEqual(['8: ', '7: ']));
  await sayTo(server, '7', 'seven');
  await sayTo(server, '8', 'eight');
  await waitFor(() => expect(shown()).toEqual(['8: eight', '7: seven']));
});

test('useRealtimeQuery goes on with the client that takes the place of another', async () => {
  await using server = await startServer();
  await using ann = openClient({ url: server.url, token: await server.token('ann') });
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  const queries = new QueryClient();
  const page = (client: Client) =>
    inQueries(
      queries,
      <TrunklineProvider client={client}>
        <RoomTexts id="7" />
      </TrunklineProvider>,
    );
  const view = render(page(ann));
  await waitFor(() => expect(shown()).toEqual(['7: ']));
  view.rerender(page(ben));
  await eventually(() => ben.room('lobby:7').status === 'joined');
  await waitFor(() => expect(queries.isFetching()).toBe(0));
  await sayTo(server, '7', 'one');
  await waitFor(() => expect(shown()).toEqual(['7: one']));
});

test('useRealtimeQuery fetches what it missed between close() and connect()', async () => {
  await using server = await startServer();
  const backend = { 7: [] as string[] };
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(new QueryClient(), <RoomTexts id="7" backend={backend} />),
  );
  await waitFor(() => expect(shown()).toEqual(['7: ']));
  await act(() => app.client.close());
  backend[7].push('missed');
  await sayTo(server, '7', 'missed');
  await act(() => app.client.connect());
  await waitFor(() => expect(shown()).toEqual(['7: missed']));
});

function Counted({ table }: { readonly table: ReturnType<typeof createTable> }) {
  const { data, isJoined } = useRealtimeQuery({
    ...queryOptions({ queryKey: ['booking', 7n], queryFn: table.read }),
    room: 'booking:7',
    onEvent: (booking: Booking) => ({ ...booking, changes: booking.changes + 1 }),
  });
  return <output>{`${isJoined} ${data?.status} ${data?.changes}`}</output>;
}

test('useRealtimeQuery loses nothing to a slow fetch whose key is hashed as the application wants', async () => {
  await using server = await startServer();
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  const table = createTable();
  const release = table.hold();
  const queryKeyHashFn = (key: readonly unknown[]) => key.map(String).join('/');
  const queries = new QueryClient({ defaultOptions: { queries: { queryKeyHashFn } } });
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    inQueries(queries, <Counted table={table} />),
  );
  await eventually(() => table.reads === 1);
  table.booking = { status: 'accepted', changes: 1 };
  await change(server, 'accepted');
  await eventually(() => app.client.room('booking:7').position?.offset === 1);
  release();
  await screen.findByText('true accepted 1');
});
