import './support/dom.js';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { eventually } from '@trunkline/testkit';
import { type ReactNode, StrictMode } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type ChatThread,
  useChatContacts,
  useChatMessages,
  useChatThreads,
  usePresence,
  useRoom,
  useWebSocketStatus,
  WebSocketProvider,
} from '../src/falcon.js';
import { stubScriptedSockets } from './support/scripted-socket.js';
import { type StartedServer, startServer } from './support/start-server.js';
import { stubWebSocket } from './support/stub-web-socket.js';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function logIn(server: StartedServer, user: string) {
  const cookie = `falcon_auth_token=${await server.token(user)}`;
  return stubWebSocket(() => `ws://127.0.0.1:${server.port}/websocket/connect`, cookie);
}

function Status() {
  const { connectionState } = useWebSocketStatus();
  const { myStatus, presence, updatePresence } = usePresence({ userId: undefined });
  return (
    <>
      <output>{`${connectionState} ${myStatus} ${Object.keys(presence).join()}`}</output>
      <button type="button" onClick={() => updatePresence('away')}>
        away
      </button>
    </>
  );
}

function Fleet({ onMessage }: { readonly onMessage?: () => void }) {
  const { isJoined, messages, sendToRoom } = useRoom('fleet', { onMessage });
  const texts = messages.map(({ data }) => (data as { text: string }).text);
  return (
    <button type="button" onClick={() => sendToRoom({ type: 'message', data: { text: 'said' } })}>
      {`${isJoined} ${texts.join()}`}
    </button>
  );
}

/** What is thrown and caught by nobody, instead of by the test runner. */
function catchUncaught() {
  const uncaught: unknown[] = [];
  const catchOne = (error: unknown) => uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', catchOne);
  return {
    uncaught,
    [Symbol.dispose]() {
      process.removeListener('uncaughtException', catchOne);
      for (const other of others) process.on('uncaughtException', other);
    },
  };
}

test('a handler that throws is reported, and costs no other component its message', async () => {
  await using server = await startServer();
  using told = catchUncaught();
  await logIn(server, 'ann');
  const fault = new Error('of the application');
  render(
    <WebSocketProvider url="ws://page/">
      <Fleet
        onMessage={() => {
          throw fault;
        }}
      />
      <Fleet />
    </WebSocketProvider>,
  );
  await waitFor(() => expect(screen.getAllByText('true')).toHaveLength(2));
  await server.hub.publish({ rooms: ['lobby:fleet'], event: 'message', data: { text: 'one' } });
  await waitFor(() => expect(screen.getAllByText('true one')).toHaveLength(2));
  expect(told.uncaught).toEqual([fault]);
});

function Threads({ load }: { readonly load: () => Promise<readonly ChatThread[]> }) {
  const { data = [] } = useChatThreads({ queryFn: load });
  return <p>{data.map(({ id, unread }) => `${id} ${unread}`).join()}</p>;
}

test('a message that comes while the threads are loaded is counted once', async () => {
  await using server = await startServer();
  await server.hub.directory.change({ object: 'thread:t1', relation: 'member', user: 'ann', present: true });
  await logIn(server, 'ann');
  const queries = new QueryClient();
  let unread = 0;
  let loads = 0;
  let answer = Promise.resolve();
  const load = async () => {
    loads++;
    await answer;
    return [{ id: 't1', unread }];
  };
  render(
    <QueryClientProvider client={queries}>
      <WebSocketProvider url="ws://page/">
        <Threads load={load} />
      </WebSocketProvider>
    </QueryClientProvider>,
  );
  await eventually(async () => (await server.hub.roomsOf('ann')).includes('thread:t1'));
  let release = () => {};
  answer = new Promise((resolve) => (release = resolve));
  void queries.invalidateQueries();
  await eventually(() => loads === 2);
  for (; unread < 2; unread++) await server.hub.publish({ rooms: ['thread:t1'], event: 'message', data: { unread } });
  await screen.findByText('t1 2');
  release();
  await eventually(() => loads === 3);
  await eventually(() => queries.isFetching() === 0);
  expect(screen.getByText('t1 2')).toBeDefined();
});

function Contacts() {
  const { myStatus } = usePresence({ userId: 'constructor' });
  const { data = [] } = useChatContacts({ queryFn: async () => [{ id: 'constructor' }] });
  return <p>{`${myStatus} ${data.map(({ id, status }) => `${id} ${status}`).join()}`}</p>;
}

test('a user whom nobody heard of is offline, whatever they are called', async () => {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <WebSocketProvider url="ws://page/" enabled={false}>
        <Contacts />
      </WebSocketProvider>
    </QueryClientProvider>,
  );
  expect(await screen.findByText('offline constructor offline')).toBeDefined();
});

function Chat() {
  const { data = [] } = useChatMessages('t1');
  return <p>{data.map(({ id }) => id).join()}</p>;
}

test('a chat shows the messages of its thread, and nothing else that is heard', async () => {
  const sockets = stubScriptedSockets();
  await act(async () =>
    render(
      <QueryClientProvider client={new QueryClient()}>
        <WebSocketProvider url="ws://page/">
          <Chat />
        </WebSocketProvider>
      </QueryClientProvider>,
    ),
  );
  const hear = (message: object) => act(async () => sockets[0]?.hear(JSON.stringify({ data: {}, ...message })));
  act(() => sockets[0]?.open());
  await hear({ type: 'notification', room: 'thread:t1', id: 'told' });
  await hear({ type: 'message', room: 'group:t1', id: 'group' });
  await hear({ type: 'message', room: 'thread:t2', id: 'other' });
  await hear({ type: 'message', room: 'thread:t1' });
  for (const id of ['one', 'two', 'one']) await hear({ type: 'message', room: 'thread:t1', id });
  await screen.findByText('one,two');
});

test('the threads are loaded again by a connection that comes back, and left alone by a component that has gone', async () => {
  const sockets = stubScriptedSockets();
  // The next try comes at once.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const queries = new QueryClient();
  const load = vi.fn(async () => [{ id: 't1', unread: 0 }]);
  const page = (threads: ReactNode) => (
    <QueryClientProvider client={queries}>
      <WebSocketProvider url="ws://page/">{threads}</WebSocketProvider>
    </QueryClientProvider>
  );
  const view = render(page(<Threads load={load} />));
  act(() => sockets[0]?.open());
  await screen.findByText('t1 0');
  expect(load).toHaveBeenCalledTimes(1);
  act(() => sockets[0]?.end(1_006));
  await eventually(() => sockets.length === 2);
  expect(load).toHaveBeenCalledTimes(1);
  act(() => sockets[1]?.open());
  await eventually(() => load.mock.calls.length === 2);
  await eventually(() => queries.isFetching() === 0);
  const hear = (id: string) => sockets[1]?.hear(JSON.stringify({ type: 'message', room: 'thread:t1', id, data: {} }));
  act(() => hear('one'));
  await screen.findByText('t1 1');
  expect(load).toHaveBeenCalledTimes(2);
  const before = queries.getQueryData(['chat', 'threads']);
  view.rerender(page(null));
  hear('two');
  expect(queries.getQueryData(['chat', 'threads'])).toBe(before);
});

test('what one user said and heard is gone when another logs in', async () => {
  await using server = await startServer();
  const texts: unknown[] = [];
  const page = (enabled: boolean) => (
    <StrictMode>
      <WebSocketProvider url="ws://page/" enabled={enabled}>
        <Status />
        <Fleet onMessage={() => texts.push('heard')} />
      </WebSocketProvider>
    </StrictMode>
  );
  const ann = await logIn(server, 'ann');
  const view = render(page(true));
  await screen.findByText('true');
  fireEvent.click(screen.getByText('away'));
  await screen.findByText(/^connected away/);
  stubWebSocket(() => 'ws://127.0.0.1:9/');
  ann.cut();
  await screen.findByText(/^reconnecting/);
  fireEvent.click(screen.getByText('false'));
  view.rerender(page(false));
  await screen.findByText('disconnected offline');
  await logIn(server, 'ben');
  view.rerender(page(true));
  await screen.findByText('true');
  expect(screen.getByRole('status').textContent).toMatch(/^connected online/);
  await server.hub.publish({ rooms: ['lobby:fleet'], event: 'message', data: { text: 'one' } });
  await screen.findByText('true one');
  expect(texts).toEqual(['heard']);
  expect((await server.hub.history('lobby:fleet', { limit: 10 })).entries.map(({ data }) => data)).toEqual([
    { text: 'one' },
  ]);
});
