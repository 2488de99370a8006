import './support/dom.js';
import { act, cleanup, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { afterEach, expect, test } from 'vitest';
import { holdFrames } from './support/hold-frames.js';
import { knownSockets } from './support/known-sockets.js';
import { joined, Lobby } from './support/lobby.js';
import { renderApp } from './support/render-app.js';
import { type StartedServer, startServer } from './support/start-server.js';

const ROOM = 'lobby:main';

afterEach(cleanup);

const left = (server: StartedServer) => eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
const items = () => screen.queryAllByRole('listitem').map(({ textContent }) => textContent);

test('a room is joined once, whatever became of the connection since: who goes then leaves it', async () => {
  await using server = await startServer();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Lobby />);
  await joined(ROOM);
  await act(() => app.client.reconnect());
  await joined(ROOM);
  await server.hub.disconnect('ann');
  await screen.findByText('not joined');
  await act(() => app.client.reconnect());
  await joined(ROOM);
  await act(() => app.client.close());
  await screen.findByText('not joined');
  await act(() => app.client.connect());
  await joined(ROOM);
  app.show(null);
  await left(server);
  await act(() => app.client.reconnect());
  expect(app.client.room(ROOM).status).toBe('out');
});

test('a connection that its peer ends normally is no wish of ours: the room comes back, and is left once', async () => {
  await using server = await startServer();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Lobby />);
  await joined(ROOM);
  const closeNormally = Buffer.from([0x88, 2, 1_000 >> 8, 1_000 & 0xff]);
  for (const { socket } of server.upgrades) socket.write(closeNormally);
  await screen.findByText('not joined');
  await act(() => app.client.reconnect());
  await joined(ROOM);
  app.show(null);
  await left(server);
});

test('a component that goes while its room is being joined leaves no trace, and other joins alone', async () => {
  await using server = await startServer();
  const held = holdFrames('joins');
  const options = { url: server.url, token: await server.token('ann'), WebSocket: held.HoldingSocket };
  await using app = renderApp(options, null);
  await waitFor(() => expect(app.client.state.status).toBe('open'));
  held.hold();
  app.show(<Lobby />);
  await eventually(() => held.waiting === 1);
  app.show(null);
  await eventually(() => app.client.room(ROOM).status !== 'joining');
  held.letGo();
  await left(server);
  held.hold();
  const own = app.client.room(ROOM).join();
  app.show(<Lobby />);
  await screen.findByText('not joined');
  app.show(null);
  held.letGo();
  await own;
  await eventually(async () => (await server.hub.roomsOf('ann')).includes(ROOM));
  app.show(<Lobby />);
  await joined(ROOM);
  app.show(null);
  await act(async () => undefined);
  expect(app.client.room(ROOM).status).toBe('joined');
  app.show(<Lobby />);
  await joined(ROOM);
});

test('a component that comes back begins with no events', async () => {
  await using server = await startServer();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Lobby />);
  await joined(ROOM);
  await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text: 'before' } });
  await waitFor(() => expect(items()).toEqual(['before']));
  app.show(null);
  await left(server);
  app.show(<Lobby />);
  expect(screen.getByText('not joined')).toBeDefined();
  await joined(ROOM);
  await server.hub.publish({ rooms: [ROOM], event: 'message', data: { text: 'after' } });
  await waitFor(() => expect(items()).toEqual(['after']));
});

test('a room that was refused and is granted later shows no error any more', async () => {
  await using server = await startServer();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Lobby name="booking:7" />);
  await screen.findByText('refused: forbidden');
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  await act(() => app.client.reconnect());
  await joined('booking:7');
});

test('a room that is taken away for a moment shows no error', async () => {
  await using server = await startServer();
  const { sockets, KnownSocket } = knownSockets();
  const seen: (string | null | undefined)[] = [];
  await using app = renderApp(
    { url: server.url, token: await server.token('ann'), WebSocket: KnownSocket, backoff: { baseMs: 20, capMs: 50 } },
    <Lobby />,
  );
  await joined(ROOM);
  const watcher = new MutationObserver(() => seen.push(app.view.container.querySelector('p')?.textContent));
  watcher.observe(app.view.container, { subtree: true, characterData: true, childList: true });
  const taken = JSON.stringify({ type: 'left', room: ROOM, reason: 'unavailable', retryable: true });
  for (const socket of sockets) socket.emit('message', Buffer.from(taken), false);
  await waitFor(() => expect(seen).toContain('joined'));
  watcher.disconnect();
  expect(new Set(seen)).toEqual(new Set(['not joined', 'joined']));
});
