import './support/dom.js';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { type ReactNode, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocketProvider } from '../src/falcon.js';
import { toasts } from './fixtures/backend.js';
import { page } from './fixtures/falcon-demo.js';
import { PersonalNotifications } from './fixtures/falcon-personal-room.js';
import { PresenceManager } from './fixtures/falcon-presence.js';
import { ChatRoom } from './fixtures/falcon-room.js';
import { MyComponent } from './fixtures/falcon-status.js';
import { openClient } from './support/render-app.js';
import { type StartedServer, startServer } from './support/start-server.js';
import { stubWebSocket } from './support/stub-web-socket.js';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const URL_OF_PAGE = 'wss://go.eveonline.it/websocket/connect';

async function stubFor(server: StartedServer) {
  const cookie = `falcon_auth_token=${await server.token('ann')}`;
  return stubWebSocket(() => `ws://127.0.0.1:${server.port}/websocket/connect`, cookie);
}

function inApp(children: ReactNode): ReactNode {
  return (
    <StrictMode>
      <QueryClientProvider client={new QueryClient()}>
        <WebSocketProvider url={URL_OF_PAGE}>{children}</WebSocketProvider>
      </QueryClientProvider>
    </StrictMode>
  );
}

/** The documents' components render nothing. */
function Documented() {
  ChatRoom({ roomId: 'fleet' });
  PersonalNotifications();
  PresenceManager();
  return null;
}

const shown = (name: string) => screen.getByRole('status', { name }).textContent;

test('the documented snippets run as written, over one socket', async () => {
  await using server = await startServer();
  const stub = await stubFor(server);
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  render(
    inApp(
      <>
        <MyComponent />
        <Documented />
      </>,
    ),
  );
  await screen.findByText('Status: connected');
  expect(stub.urls).toEqual([URL_OF_PAGE]);
  await eventually(async () => (await server.hub.roomsOf('ann')).includes('lobby:fleet'));
  await server.hub.publish({ rooms: ['lobby:fleet'], event: 'message', data: { text: 'Hello!' } });
  await eventually(() => expect(log).toHaveBeenCalledOnce());
  expect(log).toHaveBeenCalledWith(
    'New message:',
    expect.objectContaining({ data: { text: 'Hello!' }, room: 'fleet' }),
  );
  await server.hub.publish({ rooms: ['user:ann'], event: 'notification', data: { message: 'for you' } });
  await eventually(() => expect(toasts).toEqual(['for you']));
});

test('the demo page sends to a room, tells presence, and chats in a thread', async () => {
  await using server = await startServer();
  for (const user of ['ann', 'ben']) {
    for (const object of ['thread:t1', 'thread:t0', 'group:g1']) {
      await server.hub.directory.change({ object, relation: 'member', user, present: true });
    }
  }
  await using ben = openClient({ url: server.url, token: await server.token('ben') });
  for (const room of ['thread:t1', 'group:g1', 'lobby:fleet']) await ben.room(room as `thread:${string}`).join();
  await stubFor(server);
  render(inApp(page));
  await waitFor(() => expect(shown('status')).toBe('connected true online'));
  fireEvent.click(screen.getByText('send'));
  await waitFor(() => expect(shown('messages')).toBe('hi fleet'));
  fireEvent.click(screen.getByText('chat'));
  await waitFor(() => expect(shown('chat')).toBe('hi thread'));
  await ben.room('thread:t1').publish('message', { text: 'hi ann' });
  await waitFor(() => expect(shown('chat')).toBe('hi thread,hi ann'));
  await waitFor(() => expect(shown('threads')).toBe('t1 2,t0 0'));
  fireEvent.click(screen.getByText('read'));
  await waitFor(() => expect(shown('threads')).toBe('t1 0,t0 0'));
  fireEvent.click(screen.getByText('away'));
  await eventually(() =>
    ben
      .room('group:g1')
      .presence.members.some(({ userId, state }) => userId === 'ann' && JSON.stringify(state)?.includes('away')),
  );
  expect(shown('status')).toBe('connected true away');
  ben.room('group:g1').presence.set({ status: 'busy' });
  await waitFor(() => expect(shown('contacts')).toContain('ben busy'));
});

test('rooms, presence and what was said meanwhile come back after a drop', async () => {
  await using server = await startServer();
  const stub = await stubFor(server);
  render(inApp(page));
  await waitFor(() => expect(shown('status')).toBe('connected true online'));
  fireEvent.click(screen.getByText('away'));
  stub.cut();
  await waitFor(() => expect(shown('status')).toBe('reconnecting false away'));
  fireEvent.click(screen.getByText('send'));
  await waitFor(() => expect(shown('messages')).toBe('hi fleet'), { timeout: 3_000 });
  expect(shown('status')).toBe('connected true away');
});

test('a component that goes leaves its room, and the provider closes the socket', async () => {
  await using server = await startServer();
  await stubFor(server);
  const view = render(inApp(<Documented />));
  await eventually(async () => (await server.hub.roomsOf('ann')).includes('lobby:fleet'));
  view.rerender(inApp(null));
  await eventually(async () => !(await server.hub.roomsOf('ann')).includes('lobby:fleet'));
  view.unmount();
  await eventually(() => server.hub.status().connections === 0);
});

test('a render on a server opens no socket', () => {
  const stub = stubWebSocket(({ href }) => href);
  expect(renderToString(inApp(page))).toContain('disconnected false offline');
  expect(stub.urls).toEqual([]);
});
