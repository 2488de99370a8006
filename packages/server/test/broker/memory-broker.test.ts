import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { createMemoryBroker } from '../../src/broker/memory-broker.js';
import type { Publication } from '../../src/seams/broker.js';
import { createBrokerRecorder, makePublication } from '../../src/testing/index.js';

test('the broker forgets idle rooms beyond its bound, never those with members', async () => {
  const broker = createMemoryBroker({ maxRooms: 3 });
  await broker.start(createBrokerRecorder());
  await broker.subscribe('lobby:kept');
  const { head } = await broker.read('lobby:kept', { limit: 1 });
  for (let index = 0; index < 10; index += 1) await broker.publish(makePublication(`lobby:${index}`));
  expect((await broker.read('lobby:kept', { limit: 1 })).head).toEqual(head);
  expect((await broker.read('lobby:9', { limit: 1 })).head.offset).toBe(1);
  expect((await broker.read('lobby:0', { limit: 1 })).head.offset).toBe(0);
  await broker.close();
});

test('the broker forgets a room that has neither members nor publishes for its time, and no other', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let at = 0;
  const broker = createMemoryBroker({ idleRoomMs: 1_000, now: () => at });
  await broker.start(createBrokerRecorder());
  await broker.subscribe('lobby:joined');
  const rooms = ['lobby:joined', 'lobby:written', 'lobby:idle'];
  for (const room of rooms) await broker.publish(makePublication(room));
  const { head } = await broker.read('lobby:read', { limit: 1 });
  at = 999;
  await broker.publish(makePublication('lobby:written'));
  at = 1_000;
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  const heads = await Promise.all(rooms.map((room) => broker.read(room, { limit: 1 })));
  expect(heads.map((page) => page.head.offset)).toEqual([1, 2, 0]);
  expect((await broker.read('lobby:read', { limit: 1 })).head.epoch).not.toBe(head.epoch);
  await broker.close();
});

test('the broker remembers keys within its bound, the newest longest', async () => {
  const broker = createMemoryBroker({ maxRemembered: 5 });
  await broker.start(createBrokerRecorder());
  const all = Array.from({ length: 8 }, () => makePublication('lobby:all'));
  for (const one of all) await broker.publish(one);
  const again = await Promise.all([...all].reverse().map((one) => broker.publish(one)));
  expect(again.slice(0, 5).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'duplicate'));
  expect(again.at(-1)?.status).toBe('appended');
  await broker.close();
});

test('the broker remembers each key for its own window', async () => {
  let at = 0;
  const broker = createMemoryBroker({ now: () => at });
  await broker.start(createBrokerRecorder());
  const brief = makePublication('lobby:all', { key: { userId: 'ann', id: 'x' }, dedupeWindowMs: 10 });
  const longer = makePublication('lobby:all', { key: { userId: 'bob', id: 'x' }, dedupeWindowMs: 20 });
  const publish = async (one: Publication) => (await broker.publish(one)).status;
  expect([await publish(brief), await publish(longer)]).toEqual(['appended', 'appended']);
  at = 9;
  expect(await publish(brief)).toBe('duplicate');
  at = 10;
  await broker.read('lobby:all', { limit: 1 });
  at = 19;
  expect(await publish(longer)).toBe('duplicate');
  at = 20;
  expect(await publish(longer)).toBe('appended');
  await broker.close();
});

describe('the logs of a broker take no more memory than they may', () => {
  const large = (room: string) => ({ ...makePublication(room), data: { text: 'x'.repeat(10_000) } });
  const log = { size: 1_000, ttlMs: 86_400_000 };

  test('and rooms that were not written for longest lose their past first, and say so', async () => {
    let at = 0;
    const broker = createMemoryBroker({ maxBytes: 1_000_000, now: () => ++at });
    await broker.start(createBrokerRecorder());
    await broker.publish(makePublication('lobby:old'));
    for (let n = 0; n < 300; n += 1) await broker.publish(large(`lobby:${n}`));
    const pages = await Promise.all(Array.from({ length: 300 }, (_, n) => broker.read(`lobby:${n}`, { limit: 10 })));
    const kept = pages.map(({ entries }) => entries.length);
    const first = kept.indexOf(1);
    expect(300 - first).toBeGreaterThan(50);
    expect(300 - first).toBeLessThanOrEqual(100);
    expect(kept).toEqual(kept.map((_, n) => (n < first ? 0 : 1)));
    const old = await broker.read('lobby:old', { limit: 10 });
    expect([old.entries, old.head.offset, old.trimmed.offset]).toEqual([[], 1, 1]);
    await broker.close();
  });

  test('and a room that is written again and again keeps its past, however old it is', async () => {
    let at = 0;
    const broker = createMemoryBroker({ maxBytes: 1_000_000, now: () => ++at });
    await broker.start(createBrokerRecorder());
    for (let n = 0; n < 300; n += 1) {
      if (n % 10 === 0) await broker.publish({ ...makePublication('lobby:busy'), log });
      await broker.publish(large(`lobby:${n}`));
    }
    expect((await broker.read('lobby:busy', { limit: 100 })).entries).toHaveLength(30);
    expect((await broker.read('lobby:0', { limit: 100 })).entries).toEqual([]);
    await broker.close();
  });

  test('and a room that has it all loses its oldest, never what was just published', async () => {
    const broker = createMemoryBroker({ maxBytes: 1_000_000 });
    await broker.start(createBrokerRecorder());
    for (let n = 1; n <= 300; n += 1) {
      await broker.publish({ ...large('lobby:all'), log });
      const { entries, trimmed } = await broker.read('lobby:all', { limit: 1_000 });
      expect([entries.at(-1)?.offset, entries.length]).toEqual([n, n - trimmed.offset]);
      expect(entries.length).toBeLessThanOrEqual(100);
    }
    await broker.purge('lobby:all');
    for (let n = 1; n <= 60; n += 1) await broker.publish({ ...large('lobby:all'), log });
    expect((await broker.read('lobby:all', { limit: 1_000 })).entries).toHaveLength(60);
    await broker.close();
  });

  test.each([
    ['trimmed', { ...log, size: 1 }],
    ['aged', { ...log, ttlMs: 1_000 }],
  ])('and what was %s is held by nothing', async (_, terms) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    let at = Date.now();
    const broker = createMemoryBroker({ now: () => at });
    await broker.start(createBrokerRecorder());
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 400; n += 1) {
      // Not by `repeat`, whose text takes its room only when it is read.
      const data = { text: randomBytes(50_000).toString('hex') };
      await broker.publish({ ...makePublication('lobby:one'), dedupeWindowMs: 600_000, data, log: terms });
    }
    at += 60_000;
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
    await broker.close();
  });

  test('and what was purged or aged counts no more', async () => {
    let at = Date.now();
    const broker = createMemoryBroker({ maxBytes: 1_000_000, now: () => at });
    await broker.start(createBrokerRecorder());
    for (let round = 0; round < 5; round += 1) {
      for (const room of ['lobby:aged', 'lobby:purged'])
        for (let n = 0; n < 20; n += 1)
          await broker.publish({ ...large(room), timestamp: at, log: { ...log, ttlMs: 1_000 } });
      at += 1_000;
      await broker.read('lobby:aged', { limit: 1 });
      await broker.purge('lobby:purged');
    }
    for (let n = 0; n < 200; n += 1) await broker.publish({ ...large('lobby:all'), timestamp: at, log });
    expect((await broker.read('lobby:all', { limit: 1_000 })).entries.length).toBeGreaterThan(50);
    await broker.close();
  });
});

test('a log that is trimmed for long has exactly its newest', async () => {
  const broker = createMemoryBroker();
  await broker.start(createBrokerRecorder());
  for (let n = 1; n <= 2_000; n += 1) {
    await broker.publish(makePublication('lobby:all', { log: { size: 10, ttlMs: 60_000 } }));
    const { entries, trimmed } = await broker.read('lobby:all', { after: n - 5, limit: 100 });
    expect([entries[0]?.offset, entries.at(-1)?.offset]).toEqual([Math.max(1, n - 4), n]);
    expect(trimmed.offset).toBe(Math.max(0, n - 10));
  }
  await broker.close();
});

test('rooms that are forgotten, purged or begun anew shorten the memory of keys in no other', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const broker = createMemoryBroker({ maxRooms: 3, maxRemembered: 7 });
  await broker.start(createBrokerRecorder());
  for (let n = 0; n < 20; n += 1) {
    await broker.publish(makePublication(`lobby:${n}`));
    await broker.bumpEpoch(`lobby:${n}`, (await broker.read(`lobby:${n}`, { limit: 1 })).head.epoch);
    await broker.publish(makePublication(`lobby:${n}`));
    await broker.purge(`lobby:${n}`);
    await broker.publish(makePublication(`lobby:${n}`));
  }
  await broker.subscribe('lobby:all');
  const all = Array.from({ length: 8 }, () => makePublication('lobby:all'));
  const statuses = (some: readonly Publication[]) =>
    Promise.all(some.map(async (one) => (await broker.publish(one)).status));
  const same = (count: number, status: string) => Array.from({ length: count }, () => status);
  expect(await statuses(all.slice(0, 3))).toEqual(same(3, 'appended'));
  vi.advanceTimersByTime(600_000);
  vi.useRealTimers();
  expect(await statuses(all.slice(0, 3))).toEqual(same(3, 'duplicate'));
  expect(await statuses(all.slice(3))).toEqual(same(5, 'appended'));
  expect(await statuses(all.slice(4))).toEqual(same(4, 'duplicate'));
  expect(await statuses(all.slice(0, 1))).toEqual(['appended']);
  await broker.close();
});

test('a broker refuses to publish before its start and after its close', async () => {
  const broker = createMemoryBroker();
  const refused = { code: 'unavailable' };
  await expect(broker.publish(makePublication('lobby:all'))).rejects.toMatchObject(refused);
  await broker.start(createBrokerRecorder());
  await broker.publish(makePublication('lobby:all'));
  await broker.close();
  await expect(broker.publish(makePublication('lobby:all'))).rejects.toMatchObject(refused);
});
