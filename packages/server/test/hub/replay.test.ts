import type { ServerFrame } from '@trunkline/protocol';
import { connectRaw } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

const HELD = 600;
const LARGE = 'x'.repeat(20_000);

test('what is published while a member is given what it missed comes after it, once and in order', async () => {
  await using server = await startHub({ limits: { maxQueueBytes: 64_000_000 } });
  const publish = (text: string) => server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  for (let n = 0; n < HELD; n += 1) await publish(LARGE);
  await using ann = await connect(server, 'ann');
  // More than the network between them holds: the replay waits for its reader.
  const joined = ann.join('lobby:main', { rewind: HELD });
  expect(await joined).toMatchObject({ missed: HELD });
  ann.socket.pause();
  for (let n = 0; n < 50; n += 1) await publish('live');
  ann.socket.resume();
  const offsets: (number | undefined)[] = [];
  while (offsets.length < HELD + 50) offsets.push((await ann.nextOf('event')).offset);
  expect(offsets).toEqual(Array.from({ length: HELD + 50 }, (_, index) => index + 1));
  await publish('last');
  expect((await ann.nextOf('event')).offset).toBe(HELD + 51);
});

test('pages of history asked for all at once do not make a slow reader', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann', { roles: ['service'] });
  for (let n = 0; n < 100; n++) await ann.publish('lobby:main', 'message', { text: 'x'.repeat(20_000) });
  for (let n = 0; n < 30; n++) ann.send({ type: 'history', id: `h${n}`, room: 'lobby:main', limit: 100 });
  for (let n = 0; n < 30; n++)
    expect(await ann.nextOf('response')).toMatchObject({ data: { position: { offset: 100 } } });
});

test.each([
  ['many events, under a bound lower than replay takes at most', 20_000, [1_000, 1_000]],
  ['events nearly as large as the bound', 50_000, [10_000, 45_000]],
])('a replay of %s does not make a slow reader, whatever else comes', async (_, maxQueueBytes, [even = 0, odd = 0]) => {
  await using hub = await startHub({ limits: { maxQueueBytes } });
  await using ann = await connect(hub, 'ann', { roles: ['service'] });
  for (let n = 0; n < 100; n++)
    await ann.publish('lobby:main', 'message', { text: 'x'.repeat(n % 2 === 0 ? even : odd) });
  await using ben = await connectRaw({ url: hub.url });
  const rooms = [{ room: 'lobby:main', rewind: 100 }, { room: 'lobby:side' }];
  ben.send({ type: 'hello', id: 'h1', token: await hub.token('ben'), rooms });
  for (let n = 0; n < 200; n++) await ann.publish('lobby:side', 'message', { text: 'live' });
  const missed = (frame: ServerFrame) => frame.type === 'event' && frame.room === 'lobby:main';
  for (let offset = 1; offset <= 100; offset++)
    expect(await ben.nextWhere(missed, 'missed event')).toMatchObject({ offset });
});
