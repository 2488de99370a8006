import './support/dom.js';
import { QueryClient, QueryClientProvider, queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { type Client, createClient } from '@trunkline/client';
import type { BuiltInContract } from '@trunkline/protocol/contract';
import { eventually, startFaultProxy } from '@trunkline/testkit';
import { type ReactNode, Suspense } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { TrunklineProvider, useClient, useConnection, useQueue } from '../src/index.js';
import { bridge, roomQueryOptions, useAction, useRealtimeQuery } from '../src/query.js';
import { openClient, renderApp } from './support/render-app.js';
import { type StartedServer, startServer } from './support/start-server.js';

afterEach(cleanup);

interface Booking {
  readonly status: string;
  readonly changes: number;
}

/** A table of bookings that a query reads, as slowly as the test wants. */
function createTable() {
  let answer = Promise.resolve();
  const table = {
    reads: 0,
    booking: { status: 'new', changes: 0 } as Booking,
    hold() {
      let release = () => {};
      answer = new Promise((resolve) => (release = resolve));
      return release;
    },
    async read(): Promise<Booking> {
      table.reads++;
      const { booking } = table;
      await answer;
      return booking;
    },
  };
  return table;
}

async function change(server: StartedServer, status: string): Promise<void> {
  await server.hub.publish({ rooms: ['booking:7'], event: 'status_update', data: { bookingId: '7', status } });
}

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

function inQueries(queries: QueryClient, children: ReactNode): ReactNode {
  return <QueryClientProvider client={queries}>{children}</QueryClientProvider>;
}

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
