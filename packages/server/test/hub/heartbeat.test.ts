import { connectRaw, type RawClient } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

test('a client that stays silent is closed, one that answers pings is not', async () => {
  await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 200 } });
  await using talker = await connect(hub, 'ann');
  await using silent = await connectRaw({ url: hub.url, answerPings: false });
  await silent.hello({ token: await hub.token('bob') });
  expect(await silent.closed).toMatchObject({ code: 4000 });
  expect((await talker.publish('lobby:main', 'message', { text: 'here' })).offset).toBe(1);
});

test('a client that came early is told the spread of its reconnect anew once the node has filled', async () => {
  await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 5_000 } });
  await using early = await connectRaw({ url: hub.url, answerPings: false });
  const { limits } = await early.hello({ token: await hub.token('ann') });
  expect(limits.reconnectSpreadMs).toBe(2);
  expect(await early.nextOf('ping')).toEqual({ type: 'ping' });
  const others: RawClient[] = [];
  for (let n = 0; n < 50; n++) others.push(await connect(hub, `u${n}`));
  const told = await early.nextWhere((frame) => frame.type === 'ping' && 'reconnectSpreadMs' in frame, 'the spread');
  expect(told).toEqual({ type: 'ping', reconnectSpreadMs: 102 });
  expect(await early.nextOf('ping')).toEqual({ type: 'ping' });
  await Promise.all(others.map((other) => other.close()));
});
