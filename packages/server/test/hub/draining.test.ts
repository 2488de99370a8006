import { connectRaw } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

test('a drain sends everyone away in time and refuses newcomers', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  const drained = hub.hub.drain({ windowMs: 100, deadlineMs: 5_000 });
  expect(await ann.nextOf('goaway')).toMatchObject({ code: 1012, reconnect: true });
  await expect(connectRaw({ url: hub.url })).rejects.toMatchObject({ status: 503 });
  expect(await ann.closed).toMatchObject({ code: 1012 });
  expect(await drained).toEqual({ outbox: 0 });
});
