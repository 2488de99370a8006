import { connectRaw } from '@trunkline/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { RoomFeed } from '../../src/hub/room-feed.js';
import { createMemoryBroker } from '../../src/index.js';
import { connect, startHub } from './start-hub.js';

const FIVE_MINUTES_MS = 300_000;

/** What an operator or NTP does to the time of day; timers go on. */
function setClock(byMs: number): void {
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
}

afterEach(() => vi.restoreAllMocks());

test('a clock that is set back stops neither pings nor the search for silent clients', async () => {
  await using hub = await startHub({ heartbeat: { intervalMs: 100, timeoutMs: 200 } });
  const token = await hub.token('ann');
  await using talker = await connectRaw({ url: hub.url });
  await talker.hello({ token });
  await using silent = await connectRaw({ url: hub.url, answerPings: false });
  await silent.hello({ token });
  setClock(-FIVE_MINUTES_MS);
  await silent.nextOf('ping');
  await silent.nextOf('ping');
  expect(await silent.closed).toMatchObject({ code: 4000 });
  expect(talker.socket.readyState).toBe(talker.socket.OPEN);
});

test('a clock that is set back does not hold up what the rate limit gives', async () => {
  await using hub = await startHub({ limits: { messageBurst: 1, messagesPerSecond: 10 } });
  await using ann = await connect(hub, 'ann');
  setClock(-FIVE_MINUTES_MS);
  for (const id of ['first', 'second']) {
    const publish = () => ann.publish('lobby:main', 'message', { text: id }, id);
    await vi.waitFor(publish, { timeout: 2_000, interval: 150 });
  }
});

test('an event of a node whose clock is ahead does not put off the next look at the log', async () => {
  const before = performance.now();
  const broker = createMemoryBroker();
  const feed = new RoomFeed('lobby:main', broker, { deliver: () => {}, gap: () => {}, repaired: () => {} });
  await feed.open();
  const timestamp = Date.now() + FIVE_MINUTES_MS;
  const event = { id: 'e', event: 'message', from: { userId: 'u' }, data: 1, timestamp };
  feed.heard({ ...event, epoch: feed.position.epoch, offset: 1 });
  expect(feed.position.offset).toBe(1);
  expect(feed.checkedAt).toBeGreaterThanOrEqual(before);
  expect(feed.checkedAt).toBeLessThanOrEqual(performance.now());
});
