import { connectRaw } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { startHub } from './start-hub.js';

const HELD = 600;
const LARGE = 'x'.repeat(20_000);

test('what is published while a member is given what it missed comes after it, once and in order', async () => {
  await using server = await startHub({ limits: { maxQueueBytes: 64_000_000 } });
  const publish = (text: string) => server.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
  for (let n = 0; n < HELD; n += 1) await publish(LARGE);
  await using ann = await connectRaw({ url: server.url });
  await ann.hello({ token: await server.token('ann') });
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
