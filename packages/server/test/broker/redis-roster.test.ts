import { createId } from '@trunkline/protocol';
import { eventually, type RedisServer, startFaultProxy, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import type { RosterEntry } from '../../src/seams/roster.js';
import { startNode, startTwoNodes } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

const entry = (index: number, nodeId: string, rooms: string[] = ['lobby:all']): RosterEntry => ({
  connectionId: `c${String(index).padStart(3, '0')}-${nodeId}`,
  nodeId,
  userId: index % 2 === 0 ? `ann-${index}` : `bob-${index}`,
  dialect: 'trunkline',
  connectedAt: index,
  rooms,
});

test('the roster merges nodes, pages to the end, counts rooms, and follows changes', async () => {
  await using pair = await startTwoNodes(redis);
  const rosters = pair.nodes.map(({ backend }) => backend.roster);
  for (const [place, roster] of rosters.entries()) {
    await roster.start();
    for (let index = 0; index < 30; index += 1) {
      roster.set(entry(index, String(place), ['lobby:all', `group:${place}-${index % 3}`]));
    }
  }
  const [one] = rosters;
  if (one === undefined) throw new Error('no roster');
  await eventually(async () => (await one.count()) === 60);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof one.connections>> = await one.connections({
      limit: 7,
      ...(cursor ? { cursor } : {}),
    });
    expect(page.items.length).toBeLessThanOrEqual(7);
    seen.push(...page.items.map(({ connectionId }) => connectionId));
    cursor = page.next;
  } while (cursor !== null);
  expect(new Set(seen).size).toBe(60);
  expect(seen).toHaveLength(60);
  const anns = await one.connections({ limit: 100, prefix: 'ann' });
  expect(anns.items).toHaveLength(30);
  await eventually(async () =>
    expect(await one.rooms({ limit: 3 })).toEqual({
      items: [
        { room: 'group:0-0', connections: 10 },
        { room: 'group:0-1', connections: 10 },
        { room: 'group:0-2', connections: 10 },
      ],
      next: expect.any(String),
    }),
  );
  expect(await one.rooms({ limit: 10, prefix: 'lobby' })).toEqual({
    items: [{ room: 'lobby:all', connections: 60 }],
    next: null,
  });
  one.remove(entry(0, '0'));
  one.set(entry(1, '0', []));
  await eventually(async () =>
    expect((await one.rooms({ limit: 1, prefix: 'lobby' })).items).toEqual([{ room: 'lobby:all', connections: 58 }]),
  );
  await rosters[1]?.close();
  expect(await one.count()).toBe(29);
});

test('the roster forgets the connections of a dead node when presence does, within 11 s, and no others', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using dead = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using node = await startNode(redis.url, { prefix });
  const { roster } = node.backend;
  await Promise.all([roster.start(), dead.backend.roster.start()]);
  dead.backend.roster.set(entry(1, 'dead'));
  roster.set(entry(2, 'living'));
  await eventually(async () => (await roster.count()) === 2);
  await proxy.down();
  proxy.rstAll();
  await eventually(async () => (await roster.count()) < 2, { timeoutMs: 11_000 });
  expect((await roster.connections({ limit: 10 })).items).toEqual([entry(2, 'living')]);
}, 20_000);

test('rows of a node that dies before its next beat have an end too', async () => {
  const prefix = createId();
  await using node = await startNode(redis.url, { prefix });
  const { roster } = node.backend;
  await roster.start();
  roster.set(entry(1, 'n'));
  await eventually(async () => (await roster.rooms({ limit: 10 })).items.length === 1);
  const rows = String(await redis.command('KEYS', `${prefix}:roster?*`)).split(',');
  expect(rows).toHaveLength(4);
  for (const key of rows) expect(Number(await redis.command('PTTL', key)), key).toBeGreaterThan(0);
});

test('a roster writes itself anew after Redis lost everything', async () => {
  await using own = await startRedis();
  await using node = await startNode(own.url);
  const { roster } = node.backend;
  await roster.start();
  roster.set(entry(1, 'n'));
  const rows = async () => [await roster.count(), (await roster.rooms({ limit: 10 })).items];
  const all = [1, [{ room: 'lobby:all', connections: 1 }]];
  await eventually(async () => expect(await rows()).toEqual(all));
  await own.command('FLUSHALL');
  await eventually(async () => expect(await rows()).toEqual(all), { timeoutMs: 8_000 });
});

test('a roster writes itself anew after Redis came back older, with as many rows as there should be', async () => {
  await using own = await startRedis();
  await using node = await startNode(own.url);
  const { roster } = node.backend;
  const listed = async () => (await roster.connections({ limit: 10 })).items.map(({ connectionId }) => connectionId);
  await roster.start();
  roster.set(entry(1, 'n'));
  await eventually(async () => (await listed()).join() === 'c001-n');
  await own.command('SAVE');
  roster.remove(entry(1, 'n'));
  roster.set(entry(2, 'n'));
  await eventually(async () => (await listed()).join() === 'c002-n');
  await own.kill();
  await own.start();
  await eventually(async () => (await listed()).join() === 'c002-n', { timeoutMs: 4_000 });
});
