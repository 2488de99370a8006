import './support/dom.js';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { useHistory } from '../src/index.js';
import { renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

const ROOM = 'lobby:main';

afterEach(cleanup);

function Past({ limit }: { readonly limit: number }) {
  const { events, hasOlder, isLoading, loadOlder } = useHistory(ROOM, { limit });
  return (
    <>
      <output>{isLoading ? 'loading' : hasOlder ? 'more' : 'all'}</output>
      <ol>
        {events.map(({ id, data }) => (
          <li key={id}>{(data as { text: string }).text}</li>
        ))}
      </ol>
      <button type="button" onClick={() => void loadOlder()}>
        older
      </button>
    </>
  );
}

const items = () => screen.queryAllByRole('listitem').map((item) => item.textContent);

test('useHistory pages back to the beginning and goes on live, without hole or double', async () => {
  await using server = await startServer();
  const say = (text: string) => server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } });
  for (let n = 1; n <= 7; n++) await say(String(n));
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Past limit={3} />);
  await waitFor(() => expect(items()).toEqual(['5', '6', '7']));
  await say('8');
  await screen.findByText('8');
  fireEvent.click(screen.getByText('older'));
  await waitFor(() => expect(items()).toEqual(['2', '3', '4', '5', '6', '7', '8']));
  fireEvent.click(screen.getByText('older'));
  await waitFor(() => expect(items()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']));
  await screen.findByText('all');
});

test('useHistory that begins while messages pour in has each of them once', async () => {
  await using server = await startServer();
  const all = Array.from({ length: 60 }, (_, n) => String(n));
  const pouring = (async () => {
    for (const text of all) await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } });
  })();
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Past limit={100} />);
  await pouring;
  await waitFor(() => expect(items()).toEqual(all));
});

test('useHistory in a room joined long ago begins at the head, not where the join was', async () => {
  await using server = await startServer();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, null);
  await app.client.room(ROOM).join();
  for (const text of ['1', '2']) await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } });
  await eventually(() => app.client.room(ROOM).position?.offset === 2);
  app.show(<Past limit={10} />);
  await waitFor(() => expect(items()).toEqual(['1', '2']));
});

test('useHistory loads anew after a gap', async () => {
  await using server = await startServer();
  const say = (text: string) => server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } });
  await say('gone');
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Past limit={3} />);
  await screen.findByText('gone');
  await server.hub.purge(ROOM);
  await waitFor(() => expect(items()).toEqual([]));
  await say('new');
  await waitFor(() => expect(items()).toEqual(['new']));
});

test('useHistory loads anew what came between close() and connect()', async () => {
  await using server = await startServer();
  const say = (text: string) => server.hub.publish({ rooms: [ROOM], event: 'message', data: { text } });
  await say('before');
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Past limit={3} />);
  await screen.findByText('before');
  await act(() => app.client.close());
  await say('meanwhile');
  await act(() => app.client.connect());
  await waitFor(() => expect(items()).toEqual(['before', 'meanwhile']));
});

function Booking({ limit }: { readonly limit?: number }) {
  const { events, isLoading, error } = useHistory('booking:7', { limit });
  return <p>{isLoading ? 'loading' : (error?.code ?? `${events.length} events`)}</p>;
}

test('useHistory of a room that is refused says why, and loads once it is granted', async () => {
  await using server = await startServer();
  const owns = (present: boolean) =>
    server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present });
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Booking />);
  await screen.findByText('forbidden');
  app.show([<Booking key="same" />, <Booking key="later" limit={10} />]);
  await waitFor(() => expect(screen.getAllByText('forbidden')).toHaveLength(2));
  await owns(true);
  await app.client.reconnect();
  await waitFor(() => expect(screen.getAllByText('0 events')).toHaveLength(2));
});
