import './support/dom.js';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { usePresence, useReceipts, useTyping } from '../src/index.js';
import { openClient, renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

const ROOM = 'lobby:main';

afterEach(cleanup);

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
  const { users, start, stop } = useTyping(ROOM);
  return (
    <>
      <output>{`typing: ${users.join()}`}</output>
      <input onChange={start} onBlur={stop} />
    </>
  );
}

function Watching({ room }: { readonly room: typeof ROOM | undefined }) {
  const { members } = usePresence(room);
  return <p>{`${members.length} there`}</p>;
}

function Read() {
  const { cursors } = useReceipts(ROOM);
  return <output>{cursors.map(({ userId, read }) => `${userId} ${read}`).join()}</output>;
}

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

test('usePresence without a state shows who is there and leaves mine as it was told', async () => {
  await using server = await startServer();
  const page = (room: typeof ROOM | undefined) => (
    <>
      <Present mood="fine" />
      <Watching room={room} />
    </>
  );
  const errors: unknown[] = [];
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, page(undefined));
  app.client.on('error', (error) => errors.push(error));
  await screen.findByText('ann {"mood":"fine"}');
  expect(screen.getByText('0 there')).toBeDefined();
  app.show(page(ROOM));
  await screen.findByText('1 there');
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await ben.room(ROOM).join();
  await screen.findByText(/ben/);
  expect(ben.room(ROOM).presence.members).toContainEqual(expect.objectContaining({ state: { mood: 'fine' } }));
  expect(errors).toEqual([]);
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
  for (const input of screen.getAllByRole('textbox')) fireEvent.change(input, { target: { value: 'x' } });
  await eventually(() => ben.room(ROOM).typing.users.includes('ann'));
  app.show(<Typing key="other" />);
  await app.client.room(ROOM).publish('message', { text: 'one went' });
  await eventually(() => texts.length === 1);
  expect(ben.room(ROOM).typing.users).toEqual(['ann']);
  app.show(null);
  await eventually(() => ben.room(ROOM).typing.users.length === 0);
});

test('of two components that use useTyping, the second that goes ends what it typed after the first had stopped', async () => {
  await using server = await startServer();
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  await ben.room(ROOM).join();
  const both = [<Typing key="one" />, <Typing key="other" />];
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, both);
  await waitFor(() => expect(app.client.room(ROOM).status).toBe('joined'));
  const [first, second] = screen.getAllByRole('textbox');
  if (!first || !second) throw new Error('no two components');
  fireEvent.change(first, { target: { value: 'x' } });
  await eventually(() => ben.room(ROOM).typing.users.includes('ann'));
  fireEvent.blur(first);
  await eventually(() => ben.room(ROOM).typing.users.length === 0);
  fireEvent.change(second, { target: { value: 'x' } });
  await eventually(() => ben.room(ROOM).typing.users.includes('ann'));
  app.show(both.slice(0, 1));
  // The client's own end of it is 5 s away.
  await eventually(() => ben.room(ROOM).typing.users.length === 0, { timeoutMs: 3_000 });
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
