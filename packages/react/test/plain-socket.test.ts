import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createOutbox, openPlainSocket, type PlainSocketState } from '../src/plain-socket.js';
import { type ScriptedSocket, stubScriptedSockets } from './support/scripted-socket.js';

const page = new EventTarget();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  // The longest that it may wait.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function openOne(opened: (sendNow: (text: string) => void) => void = () => {}) {
  const sockets = stubScriptedSockets();
  const states: PlainSocketState[] = [];
  const texts: string[] = [];
  const outbox = createOutbox();
  const socket = openPlainSocket({
    url: 'ws://page/',
    outbox,
    opened,
    changed: (state) => states.push(state),
    received: (text) => texts.push(text),
  });
  const newest = (): ScriptedSocket => {
    const found = sockets.at(-1);
    if (!found) throw new Error('no socket');
    return found;
  };
  return { socket, sockets, newest, states, texts };
}

/** The next try comes then, and no sooner. */
function expectTryAfter(delayMs: number, sockets: readonly ScriptedSocket[]): void {
  const before = sockets.length;
  vi.advanceTimersByTime(delayMs - 1);
  expect(sockets).toHaveLength(before);
  vi.advanceTimersByTime(1);
  expect(sockets).toHaveLength(before + 1);
}

test('waits twice as long after each failure, at most 30 s, and begins anew after a connection of 5 s', () => {
  const { socket, sockets, newest } = openOne();
  for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    newest().end(1_006);
    expectTryAfter(delayMs, sockets);
  }
  newest().open();
  vi.advanceTimersByTime(5_000);
  newest().end(1_006);
  expectTryAfter(500, sockets);
  newest().open();
  vi.advanceTimersByTime(4_999);
  newest().end(1_006);
  expectTryAfter(1_000, sockets);
  socket.close();
});

test.each<[number, PlainSocketState]>([
  [1_000, 'waiting'],
  [1_006, 'waiting'],
  [1_008, 'closed'],
  [4_000, 'waiting'],
  [4_499, 'waiting'],
  [4_500, 'closed'],
  [4_999, 'closed'],
  [5_000, 'waiting'],
])('a connection that ends with %i is %s', (code, state) => {
  const { socket, newest, states } = openOne();
  newest().open();
  newest().end(code);
  expect(states).toEqual(['open', state]);
  expect(socket.state).toBe(state);
  expect(vi.getTimerCount()).toBe(state === 'waiting' ? 1 : 0);
  socket.close();
});

test('a page that is online again connects at once, unless it is connected or done', () => {
  const { socket, sockets, newest, states } = openOne();
  const online = () => page.dispatchEvent(new Event('online'));
  online();
  expect(sockets).toHaveLength(1);
  newest().end(1_006);
  online();
  expect(states).toEqual(['waiting', 'connecting']);
  expect(sockets).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
  newest().open();
  online();
  newest().end(1_006);
  socket.close();
  expect(vi.getTimerCount()).toBe(0);
  online();
  expect(sockets).toHaveLength(2);
});

test('what was sent without a connection goes out once, in order, behind what the opening says', () => {
  const { socket, newest } = openOne((sendNow) => sendNow('first'));
  for (const text of ['a', 'b']) socket.send(text);
  newest().open();
  socket.send('c');
  expect(newest().sent).toEqual(['first', 'a', 'b', 'c']);
  socket.restart();
  socket.send('d');
  newest().open();
  expect(newest().sent).toEqual(['first', 'd']);
  socket.close();
});

test('an outbox keeps the newest 1 000', () => {
  const outbox = createOutbox();
  for (let n = 0; n <= 1_000; n++) outbox.add(String(n));
  const kept = outbox.take();
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, '1', '1000']);
});

test('a restart takes another socket at once, and the old one has nothing more to say', () => {
  const { socket, sockets, newest, states } = openOne();
  const old = newest();
  old.open();
  socket.restart();
  expect(states).toEqual(['open', 'waiting', 'connecting']);
  expect(old.closedWith).toBe(1_005);
  old.end(1_008);
  newest().open();
  expect(states).toEqual(['open', 'waiting', 'connecting', 'open']);
  newest().end(1_008);
  socket.restart();
  expect(socket.state).toBe('closed');
  expect(sockets).toHaveLength(2);
});

test('one that was closed says so, and stays closed when its end comes', () => {
  const { socket, sockets, newest, states } = openOne();
  newest().open();
  socket.close();
  expect(newest().closedWith).toBe(1_000);
  newest().end(1_006);
  expect(states).toEqual(['open', 'closed']);
  expect(vi.getTimerCount()).toBe(0);
  expect(sockets).toHaveLength(1);
});

test('hears text only', () => {
  const { socket, newest, texts } = openOne();
  newest().open();
  for (const data of ['text', new ArrayBuffer(1)]) newest().hear(data);
  expect(texts).toEqual(['text']);
  socket.close();
});
