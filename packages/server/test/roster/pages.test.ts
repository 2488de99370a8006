import { eventually, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { createRedisBackend } from '../../src/broker/redis/redis-backend.js';
import { createMemoryRoster } from '../../src/roster/memory-roster.js';
import type { Roster, RosterEntry, RosterPage, RosterQuery } from '../../src/seams/roster.js';
import { createBrokerRecorder } from '../../src/testing/index.js';

const CONNECTIONS = 10_000;
const LAST = `user-${CONNECTIONS - 1}`;

function entryOf(index: number, rooms: readonly string[] = [`lobby:${index % 5_000}`]): RosterEntry {
  return {
    connectionId: `c${index}`,
    nodeId: 'n',
    userId: `user-${index}`,
    dialect: 'trunkline',
    connectedAt: index,
    rooms,
  };
}

async function all<T>(read: (query: RosterQuery) => Promise<RosterPage<T>>, query: RosterQuery): Promise<T[]> {
  const { items, next } = await read(query);
  return next === null ? [...items] : [...items, ...(await all(read, { ...query, cursor: next }))];
}

const users = (page: RosterPage<RosterEntry>) => page.items.map(({ userId }) => userId);

test('a page looks at what it holds, however many connections there are and whoever is looked for', async () => {
  const roster = createMemoryRoster();
  let looks = 0;
  for (let index = 0; index < CONNECTIONS; index++) {
    const entry = entryOf(index);
    roster.set(
      new Proxy(entry, {
        get(target, name, receiver) {
          looks++;
          return Reflect.get(target, name, receiver);
        },
      }),
    );
  }
  for (const [prefix, found] of [
    ['', 50],
    [LAST, 1],
    ['nobody', 0],
  ] as const) {
    looks = 0;
    const { items } = await roster.connections({ limit: 50, prefix });
    expect(items).toHaveLength(found);
    // Its way to the first one, and the page.
    expect(looks).toBeLessThanOrEqual(50 + found * 5);
  }
  expect(await roster.rooms({ limit: 2, prefix: 'lobby:4999' })).toEqual({
    items: [{ room: 'lobby:4999', connections: 2 }],
    next: null,
  });
});

test('over Redis a page costs the same few commands, however many connections there are and whoever is looked for', async () => {
  await using redis = await startRedis();
  let commands = 0;
  const { broker, roster } = createRedisBackend({
    url: redis.url,
    observer: { redisCommand: (name) => void (/^z|^h/.test(name) && commands++) },
  });
  await broker.start(createBrokerRecorder());
  await roster.start();
  for (let index = 0; index < CONNECTIONS; index++) roster.set(entryOf(index));
  await eventually(async () => (await all((query) => roster.rooms(query), { limit: 1_000 })).length === 5_000);
  for (const [prefix, found] of [
    ['', 50],
    [LAST, 1],
    ['nobody', 0],
  ] as const) {
    commands = 0;
    const page = await roster.connections({ limit: 50, prefix });
    expect(page.items).toHaveLength(found);
    expect(commands).toBeLessThanOrEqual(2);
  }
  await roster.close();
  await broker.close();
});

async function showPages(roster: Roster, settled: () => Promise<unknown>) {
  for (let index = 0; index < 10; index++) roster.set(entryOf(index, ['lobby:all', `lobby:${index}`]));
  await settled();
  const first = await roster.connections({ limit: 4 });
  expect(users(first)).toEqual(['user-0', 'user-1', 'user-2', 'user-3']);
  // The last one seen may be gone when the next page is asked for.
  roster.remove(entryOf(3));
  roster.set({ ...entryOf(3), connectionId: 'c3-again' });
  roster.set(entryOf(8, ['lobby:all']));
  await settled();
  const rest = await all((query) => roster.connections(query), { limit: 4, cursor: first.next ?? '' });
  expect(rest.map(({ connectionId }) => connectionId)).toEqual(['c3-again', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9']);
  expect(users(await roster.connections({ limit: 4, cursor: 'no cursor at all' }))).toEqual(users(first));
  expect(await all((query) => roster.rooms(query), { limit: 2, prefix: 'lobby:a' })).toEqual([
    { room: 'lobby:all', connections: 9 },
  ]);
  const rooms = (await all((query) => roster.rooms(query), { limit: 2 })).map(({ room }) => room);
  expect(rooms).toEqual([...[0, 1, 2, 3, 4, 5, 6, 7, 9].map((index) => `lobby:${index}`), 'lobby:all']);
}

test('pages go on after the last connection seen, gone or not', () => showPages(createMemoryRoster(), async () => {}));

test('over Redis pages go on after the last connection seen, gone or not', async () => {
  await using redis = await startRedis();
  const { broker, roster } = createRedisBackend({ url: redis.url });
  await broker.start(createBrokerRecorder());
  await roster.start();
  let round = 0;
  await showPages(roster, async () => {
    const userId = `zz-${round++}`;
    roster.set({ ...entryOf(0, []), connectionId: userId, userId });
    await eventually(async () => (await roster.connections({ limit: 1, prefix: userId })).items.length === 1);
    roster.remove({ connectionId: userId, userId });
    await eventually(async () => (await roster.connections({ limit: 1, prefix: userId })).items.length === 0);
  });
  await roster.close();
  await broker.close();
});

test('a page ends early with connections that are in very many rooms, and holds one at least', async () => {
  const roster = createMemoryRoster();
  const many = Array.from({ length: 6_000 }, (_, index) => `lobby:${index}`);
  for (let index = 0; index < 3; index++) roster.set(entryOf(index, many));
  const pages = await roster.connections({ limit: 100 });
  expect(users(pages)).toEqual(['user-0']);
  expect(await all((query) => roster.connections(query), { limit: 100 })).toHaveLength(3);
});
