import './support/dom.js';
import { act, cleanup, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { type SendMessage, useWebSocket, type WebSocketMessage } from '../src/shipvox.js';
import { type ScriptedSocket, stubScriptedSockets } from './support/scripted-socket.js';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

interface Told {
  readonly messages: WebSocketMessage[];
  send: SendMessage;
}

function Page({ told, token, url = 'ws://page/' }: { told: Told; token: string | null | undefined; url?: string }) {
  const onMessage = (message: WebSocketMessage) => told.messages.push(message);
  const { status, messages, sendMessage } = useWebSocket(url, { token, onMessage });
  told.send = sendMessage;
  return <output>{`${status} ${messages.map(({ type }) => type).join()}`}</output>;
}

const shown = () => screen.getByRole('status').textContent;
const newest = (sockets: readonly ScriptedSocket[]) => sockets.at(-1) as ScriptedSocket;
const sentBy = ({ sent }: ScriptedSocket) => sent.map((text): WebSocketMessage => JSON.parse(text));
const nobody = (): Told => ({ messages: [], send: () => undefined });

/** Renders into one place; the socket is asked for behind a microtask. */
function createStage() {
  const container = document.createElement('div');
  document.body.append(container);
  return (page: ReactNode) => act(async () => void render(page, { container }));
}

test('tells each message once, and is silent about what is none', async () => {
  const sockets = stubScriptedSockets();
  const told = nobody();
  const show = createStage();
  await show(<Page told={told} token="t" />);
  const socket = newest(sockets);
  act(() => socket.open());
  for (const text of ['nonsense', 'null', '"type"', '{}', '{"type":5}', '{"type":"auth"}'])
    act(() => socket.hear(text));
  expect(shown()).toBe('connected auth');
  expect(told.messages).toEqual([{ type: 'auth' }]);
});

test('puts the token into the URL, whatever that has, and says how it goes', async () => {
  const sockets = stubScriptedSockets();
  const told = nobody();
  const show = createStage();
  await show(<Page told={told} token="a b" />);
  expect(shown()).toBe('connecting ');
  await show(<Page told={told} token="t" url="ws://page/?v=1" />);
  expect(sockets.map(({ url }) => url)).toEqual(['ws://page/?token=a%20b', 'ws://page/?v=1&token=t']);
  await show(<Page told={told} token={null} />);
  expect(shown()).toBe('disconnected ');
  expect(sockets.map(({ closedWith }) => closedWith)).toEqual([1_000, 1_000]);
});

test('a socket that was given up has nothing more to say', async () => {
  const sockets = stubScriptedSockets();
  const told = nobody();
  const show = createStage();
  await show(<Page told={told} token="old" />);
  const old = newest(sockets);
  act(() => old.open());
  await show(<Page told={told} token="new" />);
  act(() => newest(sockets).open());
  act(() => old.hear('{"type":"auth"}'));
  act(() => old.end(1_008));
  expect(shown()).toBe('connected ');
  expect(told.messages).toEqual([]);
});

test('sends a type and a payload, or a whole message, and keeps what it can not send yet', async () => {
  const sockets = stubScriptedSockets();
  const told = nobody();
  const show = createStage();
  await show(<Page told={told} token={null} />);
  told.send('quote_ready', 1);
  await show(<Page told={told} token="t" />);
  told.send('quote_ready', 2, 'r2');
  act(() => newest(sockets).open());
  told.send({ type: 'quote_ready', payload: 3, requestId: 'r3', timestamp: 4 });
  const filledIn = { requestId: expect.stringMatching(/./), timestamp: expect.any(Number) };
  expect(sentBy(newest(sockets))).toEqual([
    { type: 'quote_ready', payload: 1, ...filledIn },
    { type: 'quote_ready', payload: 2, requestId: 'r2', timestamp: expect.any(Number) },
    { type: 'quote_ready', payload: 3, requestId: 'r3', timestamp: 4 },
  ]);
});

test('forgets one user before the next', async () => {
  const sockets = stubScriptedSockets();
  const told = nobody();
  const show = createStage();
  await show(<Page told={told} token={null} />);
  told.send('test', 'before');
  await show(<Page told={told} token={undefined} />);
  await show(<Page told={told} token="ann" />);
  act(() => newest(sockets).open());
  expect(sentBy(newest(sockets)).map(({ payload }) => payload)).toEqual(['before']);
  act(() => newest(sockets).hear('{"type":"auth"}'));
  act(() => newest(sockets).end(1_006));
  told.send('test', 'ann’s');
  await show(<Page told={told} token={null} />);
  expect(shown()).toBe('disconnected ');
  await show(<Page told={told} token="bob" />);
  act(() => newest(sockets).open());
  expect(sentBy(newest(sockets))).toEqual([]);
});
