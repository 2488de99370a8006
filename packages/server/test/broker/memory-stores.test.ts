import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { createMemoryBroker } from '../../src/broker/memory-broker.js';
import { createMemoryDirectory } from '../../src/directory/memory-directory.js';
import { createMemoryRoster } from '../../src/roster/memory-roster.js';
import { createBrokerRecorder, makePublication } from '../../src/testing/index.js';

async function temporaryFile() {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-directory-'));
  return { path: join(directory, 'relations.json'), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

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

  test('and what has left them is held by nothing', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const broker = createMemoryBroker();
    await broker.start(createBrokerRecorder());
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 400; n += 1)
      await broker.publish({
        ...makePublication('lobby:one'),
        data: { text: `${n}`.repeat(40_000) },
        log: { ...log, size: 1 },
      });
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
    await broker.close();
  });
});

test('a closed broker refuses to publish', async () => {
  const broker = createMemoryBroker();
  await expect(broker.publish(makePublication('lobby:all'))).rejects.toMatchObject({ code: 'unavailable' });
});

test('relations survive in their snapshot, and no half-written file is ever there', async () => {
  await using file = await temporaryFile();
  const first = createMemoryDirectory({ snapshotPath: file.path });
  await first.start();
  const facts = Array.from({ length: 50 }, (_, index) => ({
    object: `group:${index}`,
    relation: 'member',
    user: 'ann',
  }));
  const changes = facts.map((fact) => first.change({ ...fact, present: true }));
  // Whatever moment is looked at, the file is whole.
  await changes[0];
  expect(JSON.parse(await readFile(file.path, 'utf8'))).toMatchObject({ version: 1 });
  await Promise.all(changes);
  await first.change({ ...facts[0], object: 'group:0', relation: 'member', user: 'ann', present: false });
  const second = createMemoryDirectory({ snapshotPath: file.path });
  await second.start();
  expect(await second.objectsOf('ann', 'member', 'group')).toHaveLength(49);
  expect(await second.check({ object: 'group:0', relation: 'member', user: 'ann' })).toBe(false);
});

test('a file that is no snapshot is an error that names it, not an empty directory', async () => {
  await using file = await temporaryFile();
  await writeFile(file.path, '{"relations":[["a"]]}');
  await expect(createMemoryDirectory({ snapshotPath: file.path }).start()).rejects.toThrow(file.path);
});

test('the directory refuses more relations than it may hold', async () => {
  const directory = createMemoryDirectory({
    maxRelations: 1,
    relations: [{ object: 'group:1', relation: 'member', user: 'a' }],
  });
  await expect(
    directory.change({ object: 'group:2', relation: 'member', user: 'a', present: true }),
  ).rejects.toMatchObject({
    code: 'queue_full',
  });
  expect(await directory.change({ object: 'group:1', relation: 'member', user: 'a', present: true })).toBe(false);
});

test('the roster pages connections by user prefix and counts rooms', async () => {
  const roster = createMemoryRoster();
  for (let index = 0; index < 9; index += 1) {
    const userId = index % 3 === 0 ? `ann-${index}` : `bob-${index}`;
    roster.set({
      connectionId: `c${index}`,
      nodeId: 'n',
      userId,
      dialect: 'trunkline',
      connectedAt: index,
      rooms: ['lobby:all'],
    });
  }
  const first = await roster.connections({ limit: 2, prefix: 'ann' });
  expect(first.items.map(({ connectionId }) => connectionId)).toEqual(['c0', 'c3']);
  const second = await roster.connections({ limit: 2, prefix: 'ann', cursor: first.next ?? '' });
  expect([second.items.length, second.next]).toEqual([1, null]);
  roster.remove({ connectionId: 'c0', userId: 'ann-0' });
  expect(await roster.rooms({ limit: 5 })).toEqual({ items: [{ room: 'lobby:all', connections: 8 }], next: null });
  expect(await roster.count()).toBe(8);
});
