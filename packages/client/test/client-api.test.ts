import { eventually } from '@trunkline/testkit';
import { expect, test, vi } from 'vitest';
import { createClient } from '../src/index.js';
import { errors, settle } from './support/observe-client.js';
import { openClient } from './support/open-client.js';
import { POSITION, startScript } from './support/scripted-server.js';

test('a listener that throws harms nobody else, and unknown frames are ignored', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const uncaught: unknown[] = [];
  const listener = (error: unknown) => uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', listener);
  try {
    const seen: string[] = [];
    client.on('state', () => {
      throw new Error('mine');
    });
    client.on('state', ({ status }) => seen.push(status));
    const opening = client.connect();
    const peer = await script.connection();
    await peer.welcome();
    peer.send({ type: 'surprise' } as never);
    await opening;
    await eventually(() => uncaught.length === 3);
    expect(seen).toEqual(['connecting', 'authenticating', 'open']);
    await client.close();
    await eventually(() => uncaught.length === 4);
  } finally {
    process.removeListener('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  }
});

test('without a WebSocket in the runtime the constructor says what to pass', () => {
  vi.stubGlobal('WebSocket', undefined);
  try {
    expect(() => createClient({ url: 'ws://x' })).toThrow(new TypeError('No WebSocket: pass one.'));
  } finally {
    vi.unstubAllGlobals();
  }
});

test.each<[string, object]>([
  ['presence without a member', { type: 'presence', version: 9, change: 'join' }],
  ['presence without members', { type: 'presence', version: 9, change: 'sync' }],
  ['a receipt without cursors', { type: 'receipt', epoch: 'e1' }],
  ['typing of nobody', { type: 'event', event: 'typing', id: 'ev-1', data: {} }],
  ['joined without members', { type: 'joined', position: POSITION, recovered: true, missed: 0, presence: {} }],
])('%s is told as an error and dropped, and what follows counts', async (_, frame) => {
  await using script = await startScript();
  await using client = openClient({ url: script.url });
  const told = errors(client);
  const room = client.room('lobby', 'main');
  const joined = room.join();
  const texts: unknown[] = [];
  room.on('message', ({ data }) => texts.push(data.text));
  const peer = await script.connection();
  await peer.welcome();
  peer.joined('lobby:main', POSITION);
  await joined;
  const event = { type: 'event', room: 'lobby:main', event: 'message', id: 'ev-2', from: {}, data: { text: 'next' } };
  peer.sendBatch([{ room: 'lobby:main', ...frame }, event]);
  await eventually(() => texts.length === 1);
  expect(told).toEqual(['unavailable']);
});

test('explain() tells what happened and why', async () => {
  await using script = await startScript();
  await using client = openClient({ url: script.url, backoff: { baseMs: 60_000 }, random: () => 0.5 });
  void settle(client.connect());
  const peer = await script.connection();
  await peer.welcome();
  await eventually(() => client.state.status === 'open');
  peer.close(1013, 'try_again_later');
  await eventually(() => client.state.status === 'waiting');
  const { timeline, nextAttemptAt, state } = client.explain();
  expect(timeline.map(({ what }) => what)).toEqual(['connecting', 'authenticating', 'open', 'waiting']);
  expect(timeline.at(-1)?.detail).toMatchObject({ cause: { code: 1013, reason: 'try_again_later' }, delayMs: 15_000 });
  expect([state.status, (nextAttemptAt ?? 0) > Date.now()]).toEqual(['waiting', true]);
});
