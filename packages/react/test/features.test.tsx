import './support/dom.js';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import {
  useConnection,
  useHistory,
  usePersonalRoom,
  usePresence,
  useQueue,
  useReceipts,
  useRequest,
  useTyping,
} from '../src/index.js';
import { openClient, renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

const ROOM = 'lobby:main';

function Status() {
  const { status, userId, explain } = useConnection();
  return (
    <output>{`${status} ${userId}: ${explain()
      .timeline.map(({ what }) => what)
      .join(' ')}`}</output>
  );
}

function Waiting() {
  const { queue } = useConnection();
  const texts = useQueue().map(({ data }) => (data as { text: string }).text);
  return <output>{`waiting: ${queue.length} ${texts.join()}`}</output>;
}

function Present({ mood }: { readonly mood: string }) {
  const { members } = usePresence(ROOM, { mood });
  return (
    <output>
      {members
        .map(({ userId, state }) => `${userId} ${JSON.stringify(state)}`)
        .sort()
        .join(', ')}
    </output>
  );
}

function Typing() {
  const { users, start } = useTyping(ROOM);
  return (
    <>
      <output>{`typing: ${users.join()}`}</output>
      <input onChange={start} />
    </>
  );
}

function Read() {
  const { cursors } = useReceipts(ROOM);
  return <output>{cursors.map(({ userId, read }) => `${userId} ${read}`).join()}</output>;
}

function Ask() {
  const { request, cancel, status, data, error, progress } = useRequest('echo');
  const ask = (input: object) => void request(input).catch(() => undefined);
  return (
    <>
      <output>{`${status} ${JSON.stringify(progress)} ${JSON.stringify(data)} ${(error as { code?: string })?.code}`}</output>
      <button type="button" onClick={() => ask({ n: 1 })}>
        ask
      </button>
      <button type="button" onClick={() => ask({ wait: true })}>
        wait
      </button>
      <button type="button" onClick={() => ask({ fail: true })}>
        fail
      </button>
      <button type="button" onClick={cancel}>
        cancel
      </button>
    </>
  );
}

function Mine({ told }: { readonly told: unknown[] }) {
  const { isJoined } = usePersonalRoom(undefined, { onEvent: ({ data }) => told.push(data) });
  return <output>{String(isJoined)}</output>;
}

test('useConnection shows the state, and explain says how it came', async () => {
  await using server = await startServer();
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Status />);
  await screen.findByText('open ann: connecting authenticating open');
});

test('useConnection counts and useQueue lists what waits while there is no connection', async () => {
  await using app = renderApp({ url: 'ws://127.0.0.1:9/v1/connect' }, <Waiting />);
  const published = app.client.room(ROOM).publish('message', { text: 'later' });
  published.catch(() => undefined);
  await screen.findByText('waiting: 1 later');
});

test('usePresence shows who is there with their state, and tells mine', async () => {
  await using server = await startServer();
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await ben.room(ROOM).join();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Present mood="fine" />);
  await screen.findByText(/^ann \{"mood":"fine"\}, ben/);
  app.show(<Present mood="tired" />);
  await screen.findByText(/^ann \{"mood":"tired"\}, ben/);
  await eventually(() => ben.room(ROOM).presence.members.some(({ state }) => JSON.stringify(state)?.includes('tired')));
  await ben.close();
  await screen.findByText('ann {"mood":"tired"}');
});

test('usePresence tells my state again after close() and connect(), and when a component comes back to a room it is leaving', async () => {
  await using server = await startServer();
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await ben.room(ROOM).join();
  const seen = (mood: string) =>
    eventually(() => ben.room(ROOM).presence.members.some(({ state }) => JSON.stringify(state)?.includes(mood)));
  const gone = () => eventually(() => ben.room(ROOM).presence.members.every(({ userId }) => userId === 'ben'));
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Present mood="fine" />);
  await seen('fine');
  await act(() => app.client.close());
  await gone();
  await act(() => app.client.connect());
  await seen('fine');
  const stop = app.client.room(ROOM).onStatus((status) => {
    if (status === 'leaving') app.show(<Present mood="back" />);
  });
  app.show(null);
  await seen('back');
  stop();
});

test('useTyping shows others who type, tells that I do, and ends with the component', async () => {
  await using server = await startServer();
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await ben.room(ROOM).join();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Typing />);
  await waitFor(() => expect(app.client.room(ROOM).status).toBe('joined'));
  ben.room(ROOM).typing.start();
  await screen.findByText('typing: ben');
  ben.room(ROOM).typing.stop();
  await screen.findByText('typing:');
  fireEvent.change(screen.getByRole('textbox'), { target: { value: 'x' } });
  await eventually(() => ben.room(ROOM).typing.users.includes('ann'));
  app.show(null);
  await eventually(() => ben.room(ROOM).typing.users.length === 0);
});

test('of two components that use useTyping, one that goes does not end what the other types', async () => {
  await using server = await startServer();
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await ben.room(ROOM).join();
  const texts: unknown[] = [];
  ben.room(ROOM).onEvent(({ event, data }) => event === 'message' && texts.push(data));
  const both = (
    <>
      <Typing key="one" />
      <Typing key="other" />
    </>
  );
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, both);
  await waitFor(() => expect(app.client.room(ROOM).status).toBe('joined'));
  const [, second] = screen.getAllByRole('textbox');
  if (!second) throw new Error('no second component');
  fireEvent.change(second, { target: { value: 'x' } });
  await eventually(() => ben.room(ROOM).typing.users.includes('ann'));
  app.show(<Typing key="other" />);
  await app.client.room(ROOM).publish('message', { text: 'one went' });
  await eventually(() => texts.length === 1);
  expect(ben.room(ROOM).typing.users).toEqual(['ann']);
  app.show(null);
  await eventually(() => ben.room(ROOM).typing.users.length === 0);
});

test('useReceipts shows how far the others have read', async () => {
  await using server = await startServer();
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Read />);
  await waitFor(() => expect(app.client.room(ROOM).status).toBe('joined'));
  await ben.room(ROOM).join();
  await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text: 'read me' } });
  await eventually(() => ben.room(ROOM).position?.offset === 1);
  ben.room(ROOM).read();
  await screen.findByText('ben 1', {}, { timeout: 3_000 });
});

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

function Booking() {
  const { events, isLoading, error } = useHistory('booking:7');
  return <p>{isLoading ? 'loading' : (error?.code ?? `${events.length} events`)}</p>;
}

test('useHistory of a room that is refused says why, and loads once it is granted', async () => {
  await using server = await startServer();
  const owns = (present: boolean) =>
    server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present });
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Booking />);
  await screen.findByText('forbidden');
  app.show([<Booking key="same" />, <Booking key="later" />]);
  await waitFor(() => expect(screen.getAllByText('forbidden')).toHaveLength(2));
  await owns(true);
  await app.client.reconnect();
  await waitFor(() => expect(screen.getAllByText('0 events')).toHaveLength(2));
});

test('useRequest settles with progress, data, an error or a cancellation', async () => {
  await using server = await startServer();
  let stopped = false;
  server.hub.handle('echo', async (input, { progress, signal }) => {
    progress({ half: true });
    if (input.wait) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped = true;
    }
    if (input.fail) throw new Error('no');
    return input;
  });
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Ask />);
  fireEvent.click(screen.getByText('ask'));
  await screen.findByText('success {"half":true} {"n":1} undefined');
  fireEvent.click(screen.getByText('fail'));
  await screen.findByText(/^error {"half":true} undefined [a-z_]+$/);
  fireEvent.click(screen.getByText('wait'));
  await screen.findByText(/^pending {"half":true}/);
  await act(async () => fireEvent.click(screen.getByText('cancel')));
  await screen.findByText(/^error .* (cancelled|unknown_outcome)$/);
  await eventually(() => stopped);
});

test('usePersonalRoom is the signed-in user’s, and waits for who that is', async () => {
  await using server = await startServer();
  const told: unknown[] = [];
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Mine told={told} />);
  await screen.findByText('true');
  await server.hub.publish({ rooms: ['user:ann'], event: 'notification', data: { text: 'for you' } });
  await waitFor(() => expect(told).toEqual([{ text: 'for you' }]));
});
