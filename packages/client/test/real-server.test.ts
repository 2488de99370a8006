import { eventually, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import type { RoomEvent } from '../src/index.js';
import { openClient } from './support/open-client.js';
import { startServer, urlOf } from './support/start-server.js';

test('joins, publishes and receives over a real server', async () => {
  await using _leaks = watchLeaks();
  await using server = await startServer();
  await using ann = openClient({ url: server.url, token: () => server.token('ann') });
  await using bob = openClient({ url: server.url, token: () => server.token('bob') });
  const room = bob.room('lobby', 'main');
  const texts: string[] = [];
  room.on('message', ({ data }) => texts.push(data.text));
  await room.join();
  const published = await ann.room('lobby:main').publish('message', { text: 'hello' });
  expect(published).toMatchObject({ offset: 1, duplicate: false });
  await eventually(() => texts.length === 1);
  expect(texts).toEqual(['hello']);
});

test('delivers what was missed during a cut, once and in order', async () => {
  await using _leaks = watchLeaks();
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await using ann = openClient({ url: server.url, token: () => server.token('ann') });
  await using bob = openClient({ url: urlOf(proxy.port), token: () => server.token('bob') });
  const texts: string[] = [];
  const gaps: unknown[] = [];
  const room = bob.room('lobby', 'main');
  room.on('message', ({ data }) => texts.push(data.text));
  room.onGap((gap) => gaps.push(gap));
  await room.join();
  for (let n = 0; n < 30; n++) {
    if (n % 10 === 5) proxy.rstAll();
    await ann.room('lobby:main').publish('message', { text: `${n}` });
  }
  await eventually(() => texts.length >= 30);
  expect(texts).toEqual(Array.from({ length: 30 }, (_, n) => `${n}`));
  expect(gaps).toEqual([]);
});

test('publishes made while cut are sent once, in order', async () => {
  await using _leaks = watchLeaks();
  await using server = await startServer();
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await using ann = openClient({ url: urlOf(proxy.port), token: () => server.token('ann') });
  await using bob = openClient({ url: server.url, token: () => server.token('bob') });
  const seen: RoomEvent<never, never, never>[] = [];
  bob.room('lobby', 'main').onEvent((event) => seen.push(event as never));
  await bob.room('lobby', 'main').join();
  await ann.connect();
  const acks: Promise<unknown>[] = [];
  for (let n = 0; n < 40; n++) {
    if (n === 10) proxy.blackhole('down');
    if (n === 20) proxy.rstAll();
    if (n === 20) proxy.heal();
    acks.push(ann.room('lobby', 'main').publish('message', { text: `${n}` }));
  }
  await Promise.all(acks);
  await eventually(() => seen.length >= 40);
  expect(seen.map(({ data }) => (data as { text: string }).text)).toEqual(Array.from({ length: 40 }, (_, n) => `${n}`));
});

test('a request survives its socket and is answered once', async () => {
  await using _leaks = watchLeaks();
  await using server = await startServer();
  let runs = 0;
  server.hub.handle('echo', async (input, context) => {
    runs++;
    context.progress({ half: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    return input;
  });
  await using proxy = await startFaultProxy({ targetPort: server.port });
  await using ann = openClient({ url: urlOf(proxy.port), token: () => server.token('ann') });
  await ann.connect();
  const progress: unknown[] = [];
  const answer = ann.request('echo', { a: 1 }, { onProgress: (p) => progress.push(p) });
  await eventually(() => runs === 1 && progress.length === 1);
  proxy.rstAll();
  expect(await answer).toEqual({ a: 1 });
  expect(runs).toBe(1);
  expect(progress).toEqual([{ half: true }]);
});
