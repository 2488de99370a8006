import './support/dom.js';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { createClient } from '@trunkline/client';
import { eventually, startFaultProxy } from '@trunkline/testkit';
import { StrictMode } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { TrunklineProvider, useConnection } from '../src/index.js';
import { joined, Lobby, spyOnFrames, textOf } from './support/lobby.js';
import { openClient, renderApp } from './support/render-app.js';
import { startServer } from './support/start-server.js';

afterEach(cleanup);

function Status() {
  const { status, userId } = useConnection();
  return <output>{`${status} ${userId ?? 'nobody'}`}</output>;
}

test('StrictMode opens one socket and joins once, and two components share the room (partykit #336)', async () => {
  await using server = await startServer();
  const frames: string[] = [];
  await using app = renderApp(
    { url: server.url, token: await server.token('ann'), WebSocket: spyOnFrames(frames) },
    <>
      <Lobby />
      <Lobby />
      <Status />
    </>,
  );
  await waitFor(() => screen.getByText('open ann'));
  await joined('lobby:main', 2);
  expect(server.upgrades).toHaveLength(1);
  const joins = frames.filter((frame) => frame.includes('lobby:main') && /"type":"(join|hello)"/.test(frame));
  expect(joins).toHaveLength(1);
  expect((await server.hub.presence('lobby:main')).members.map(({ userId }) => userId)).toEqual(['ann']);
  expect(app.client.explain().rooms).toHaveLength(1);
});

test('each event is shown once and told once, though onEvent is a new function in every render', async () => {
  await using server = await startServer();
  const told: string[] = [];
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    <Lobby onEvent={(event) => told.push(`first ${textOf(event)}`)} />,
  );
  await joined('lobby:main');
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'one' } });
  await screen.findByText('one');
  app.show(<Lobby onEvent={(event) => told.push(`second ${textOf(event)}`)} />);
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: 'two' } });
  await screen.findByText('two');
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['one', 'two']);
  expect(told).toEqual(['first one', 'second two']);
});

test('a component that goes leaves the room, and one that comes back joins anew', async () => {
  await using server = await startServer();
  await using app = renderApp({ url: server.url, token: await server.token('ann') }, <Lobby />);
  await joined('lobby:main');
  app.show(null);
  await eventually(async () => (await server.hub.roomsOf('ann')).length === 0);
  app.show(<Lobby />);
  await joined('lobby:main');
  expect(server.upgrades).toHaveLength(1);
});

test('a hook that changes rooms loses no message: what was published for the old room still arrives (partykit #403)', async () => {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await using reader = openClient({ url: server.url, token: await server.token('ben') });
  const read: string[] = [];
  reader.room('lobby:a').onEvent((event) => read.push(textOf(event)));
  await reader.room('lobby:a').join();
  await using app = renderApp(
    {
      url: `ws://127.0.0.1:${proxy.port}/v1/connect`,
      token: await server.token('ann'),
      backoff: { baseMs: 20, capMs: 50 },
    },
    <Lobby name="lobby:a" />,
  );
  await joined('lobby:a');
  await proxy.down();
  proxy.rstAll();
  await waitFor(() => expect(app.client.state.status).not.toBe('open'));
  fireEvent.click(screen.getByText('say'));
  app.show(<Lobby name="lobby:b" />);
  fireEvent.click(screen.getByText('say'));
  await proxy.up();
  await joined('lobby:b');
  await screen.findByText('from lobby:b');
  await eventually(() => expect(read).toEqual(['from lobby:a']));
});

test('events missed while the socket was away are shown in order, each once', async () => {
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  const told: string[] = [];
  await using app = renderApp(
    {
      url: `ws://127.0.0.1:${proxy.port}/v1/connect`,
      token: await server.token('ann'),
      backoff: { baseMs: 20, capMs: 50 },
    },
    <Lobby onEvent={(event) => told.push(textOf(event))} />,
  );
  await joined('lobby:main');
  await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text: '0' } });
  await screen.findByText('0');
  await proxy.down();
  proxy.rstAll();
  await waitFor(() => expect(app.client.state.status).not.toBe('open'));
  for (const text of ['1', '2', '3']) {
    await server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  }
  await proxy.up();
  await screen.findByText('3');
  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual(['0', '1', '2', '3']);
  expect(told).toEqual(['0', '1', '2', '3']);
});

test('a room that is refused says why, and others go on', async () => {
  await using server = await startServer();
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    <>
      <Lobby name="booking:7" />
      <Lobby />
    </>,
  );
  await screen.findByText('refused: forbidden');
  await joined('lobby:main');
  expect(app.client.state.status).toBe('open');
});

test('a room taken away says why', async () => {
  await using server = await startServer();
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: true });
  await using _app = renderApp({ url: server.url, token: await server.token('ann') }, <Lobby name="booking:7" />);
  await joined('booking:7');
  await server.hub.directory.change({ object: 'booking:7', relation: 'owner', user: 'ann', present: false });
  await screen.findByText('refused: relation_removed');
});

test('a client closed for good says so, and reconnect brings the rooms back', async () => {
  await using server = await startServer();
  await using app = renderApp(
    { url: server.url, token: await server.token('ann') },
    <>
      <Lobby />
      <Status />
    </>,
  );
  await joined('lobby:main');
  await server.hub.disconnect('ann');
  await screen.findByText(/^closed/);
  await act(() => app.client.reconnect());
  await screen.findByText('open ann');
  await joined('lobby:main');
});

test('a provider that makes its own client makes one socket, and closes it when it goes', async () => {
  await using server = await startServer();
  const token = await server.token('ann');
  const make = vi.fn(() => createClient({ url: server.url, token, WebSocket }));
  const view = render(
    <StrictMode>
      <TrunklineProvider client={make}>
        <Lobby />
        <Status />
      </TrunklineProvider>
    </StrictMode>,
  );
  await joined('lobby:main');
  expect(screen.getByText('open ann')).toBeDefined();
  expect(server.upgrades).toHaveLength(1);
  view.unmount();
  await eventually(() => server.hub.status().connections === 0);
});
