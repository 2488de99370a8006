import { eventually } from '@trunkline/testkit';
import { expect, test, vi } from 'vitest';
import { connectBearer, next, say } from './support/clients.js';
import type { WebSocketSpeaker } from './support/speak-web-socket.js';
import type { StartedHub } from './support/start-hub.js';
import { ALICE, BOB, CHAT, join, start } from './support/start-secureconnect.js';

test('pings every 54 s, and closes a peer that answered none for 60 s', async () => {
  // The hub's pulse and its clock; sockets and everything else are real.
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  try {
    await using served = await start();
    await using answering = await join(served, ALICE);
    const silent = await connectBearer(served, CHAT, await served.token(BOB));
    Object.assign(silent.socket, { _autoPong: false });
    const pinged = { answering: 0, silent: 0 };
    await using busy = await connectBearer(served, CHAT, await served.token(ALICE));
    answering.socket.on('ping', () => pinged.answering++);
    silent.socket.on('ping', () => pinged.silent++);
    /** Seconds pass one by one, and what the sockets have to say is heard in between; only `busy` ever says anything. */
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds; n++) {
        vi.advanceTimersByTime(1_000);
        say(busy, { type: 'read' });
        await next(busy, 'error');
      }
    };
    await pass(53);
    expect(pinged).toEqual({ answering: 0, silent: 0 });
    await pass(2);
    await eventually(() => pinged.answering === 1 && pinged.silent === 1);
    await pass(4);
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    await pass(2);
    expect(await silent.ended).toBe('1001');
    await pass(48);
    await eventually(() => pinged.answering === 2);
    expect(answering.socket.readyState).toBe(answering.socket.OPEN);
  } finally {
    vi.useRealTimers();
  }
});

test('pings by WebSocket frames and closes a peer that answers none', async () => {
  await using served = await start({ heartbeat: { intervalMs: 60, timeoutMs: 120 } });
  await using answering = await join(served, ALICE);
  await using silent = await connectBearer(served, CHAT, await served.token(BOB));
  let pings = 0;
  answering.socket.on('ping', () => pings++);
  silent.socket.removeAllListeners('ping');
  Object.assign(silent.socket, { _autoPong: false });
  expect(await silent.ended).toBe('1001');
  await eventually(() => pings > 2);
  expect(answering.socket.readyState).toBe(answering.socket.OPEN);
});

test.each([
  [{ intervalMs: 1_000 }, 60],
  [{ timeoutMs: 58_000 }, 58],
])('keeps the rest of its rhythm where the operator sets %o', async (heartbeat, seconds) => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
  try {
    await using served = await start({ heartbeat });
    const silent = await connectBearer(served, CHAT, await served.token(BOB));
    await using busy = await connectBearer(served, CHAT, await served.token(ALICE));
    Object.assign(silent.socket, { _autoPong: false });
    /** What the sockets have to say is heard between the seconds. */
    const pass = async (count: number) => {
      for (let n = 0; n < count; n++) {
        vi.advanceTimersByTime(1_000);
        say(busy, { type: 'read' });
        await next(busy, 'error');
      }
    };
    await pass(seconds - 1);
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    await pass(2);
    expect(await silent.ended).toBe('1001');
  } finally {
    vi.useRealTimers();
  }
});

test('closes a peer that sends frames and answers no ping', async () => {
  await using served = await start({ heartbeat: { intervalMs: 60, timeoutMs: 120 } });
  await using busy = await join(served, ALICE);
  Object.assign(busy.socket, { _autoPong: false });
  const timer = setInterval(() => say(busy, { type: 'typing' }), 20);
  try {
    expect(await busy.ended).toBe('1001');
  } finally {
    clearInterval(timer);
  }
});

test('takes a message of 1 MB, closes 1009 for one byte more and 1003 for a binary one', async () => {
  await using served = await start();
  const alice = await join(served, ALICE);
  const room = 1_048_576 - JSON.stringify({ type: 'chat', content: '' }).length;
  say(alice, { type: 'chat', content: 'x'.repeat(room) });
  expect(String((await next(alice, 'chat')).content)).toHaveLength(room);
  say(alice, { type: 'chat', content: 'x'.repeat(room + 1) });
  expect(await alice.ended).toBe('1009');
  const bob = await join(served, BOB);
  bob.socket.send(Buffer.from('{"type":"typing"}'));
  expect(await bob.ended).toBe('1003');
});

test('takes no larger message than the server does', async () => {
  await using served = await start({ limits: { maxMessageBytes: 1_000 } });
  const alice = await join(served, ALICE);
  say(alice, { type: 'chat', content: 'x'.repeat(1_000) });
  expect(await alice.ended).toBe('1009');
});

test('ends with the close codes of the document’s table', async () => {
  const table: Readonly<Record<string, (served: StartedHub, alice: WebSocketSpeaker) => unknown>> = {
    1000: (_, alice) => alice.socket.close(1000, 'User logged out'),
    1001: (served) => served.hub.drain({ windowMs: 0, deadlineMs: 1_000 }),
    1006: (_, alice) => alice.socket.terminate(),
    1008: (served) => served.hub.disconnect(ALICE),
    1011: (_, alice) => {
      for (let n = 0; n < 100; n++) say(alice, { type: 'typing' });
    },
  };
  for (const [code, provoke] of Object.entries(table)) {
    await using served = await start({ limits: { messagesPerSecond: 1, messageBurst: 2 } });
    const alice = await join(served, ALICE);
    await provoke(served, alice);
    expect(await alice.ended).toBe(code);
  }
});
