import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { startNode, startTwoNodes } from './backends.js';

const test = serial.concurrent;
const ROOM = 'lobby:all';

/** What Redis did since the last `CONFIG RESETSTAT`. */
async function callsOf(redis: RedisServer): Promise<(command: string) => number> {
  const text = String(await redis.command('INFO', 'commandstats'));
  const calls = new Map(
    [...text.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]),
  );
  return (command) => calls.get(command) ?? 0;
}

test('what one turn publishes is a command a room, with a bound, and one answer each', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  await broker.publish(makePublication(ROOM, { log: { size: 1_000, ttlMs: 60_000 } }));
  await redis.command('CONFIG', 'RESETSTAT');
  const rooms = Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? 'lobby:other' : ROOM));
  const appended = await Promise.all(
    rooms.map((room) => broker.publish(makePublication(room, { log: { size: 1_000, ttlMs: 60_000 } }))),
  );
  const calls = await callsOf(redis);
  // 200 and 100 publishes, 64 a call at most. Everything else is done inside the script.
  expect(calls('evalsha')).toBe(4 + 2);
  expect(calls('eval') + calls('script|load')).toBe(0);
  expect(calls('xadd')).toBe(300);
  expect(calls('publish')).toBeGreaterThanOrEqual(6);
  const offsets = (room: string) =>
    appended.filter((_, index) => rooms[index] === room).map((one) => 'offset' in one && one.offset);
  expect(offsets(ROOM)).toEqual(Array.from({ length: 200 }, (_, index) => index + 2));
  expect(offsets('lobby:other')).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test('long payloads are not joined into one long call', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  await broker.publish(makePublication(ROOM));
  await redis.command('CONFIG', 'RESETSTAT');
  const data = 'x'.repeat(100_000);
  await Promise.all(Array.from({ length: 6 }, () => broker.publish(makePublication(ROOM, { data }))));
  expect((await callsOf(redis))('evalsha')).toBe(3);
});

test('other nodes hear each event of a call once, in order, as the log has it', async () => {
  await using redis = await startRedis();
  await using trial = await startTwoNodes(redis);
  const [one, two] = trial.nodes;
  await two.backend.broker.subscribe(ROOM);
  const texts = Array.from({ length: 100 }, (_, index) => `line ${index}\nnext \u2028 line`);
  await Promise.all(texts.map((data) => one.backend.broker.publish(makePublication(ROOM, { data }))));
  await eventually(() => two.recorder.heard.length >= 100);
  const { entries } = await two.backend.broker.read(ROOM, { limit: 100 });
  expect(two.recorder.heard.map(({ event }) => event)).toEqual(entries);
  expect(entries.map(({ data }) => data)).toEqual(texts);
});

test('each publish of a call has its own answer: new, known, of another payload, or with a key that is not ours', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const known = makePublication(ROOM);
  await broker.publish(known);
  const broken = makePublication(ROOM);
  await redis.command('LPUSH', `trunkline:{${ROOM}}:seen:u2:u1${broken.key?.id}`, 'junk');
  const fresh = makePublication(ROOM);
  const outcomes = await Promise.allSettled([
    broker.publish(fresh),
    broker.publish(known),
    broker.publish({ ...known, eventId: 'another', data: 'another payload' }),
    broker.publish(broken),
    broker.publish({ ...fresh, eventId: 'twice in one turn' }),
    broker.publish(makePublication(ROOM)),
  ]);
  expect(outcomes).toMatchObject([
    { value: { status: 'appended', offset: 2 } },
    { value: { status: 'duplicate', offset: 1, eventId: known.eventId } },
    { value: { status: 'conflict' } },
    { reason: { code: 'unavailable', message: expect.stringContaining('wrong type') } },
    { value: { status: 'duplicate', offset: 2, eventId: fresh.eventId } },
    { value: { status: 'appended', offset: 3 } },
  ]);
});

test('a full Redis refuses what is new in a call and still knows what it holds', async () => {
  await using redis = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const known = makePublication(ROOM);
  await broker.publish(known);
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  const unborn = 'lobby:unborn';
  const outcomes = await Promise.allSettled(
    [makePublication(ROOM), known, makePublication(ROOM), makePublication(unborn)].map(async (one) =>
      broker.publish(one),
    ),
  );
  const refused = { reason: { code: 'unavailable', message: expect.stringContaining('full') } };
  expect(outcomes).toMatchObject([refused, { value: { status: 'duplicate', offset: 1 } }, refused, refused]);
  await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended', offset: 2 });
  expect(await broker.publish(makePublication(unborn))).toMatchObject({ status: 'appended', offset: 1 });
});

test('refusals of one call have their own reasons, whichever comes first', async () => {
  await using redis = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  await broker.publish(makePublication(ROOM));
  const broken = makePublication(ROOM);
  await redis.command('LPUSH', `trunkline:{${ROOM}}:seen:u2:u1${broken.key?.id}`, 'junk');
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  for (const batch of [
    [broken, makePublication(ROOM)],
    [makePublication(ROOM), broken],
  ]) {
    const outcomes = await Promise.allSettled(batch.map(async (one) => broker.publish(one)));
    for (const [index, outcome] of outcomes.entries()) {
      const message = expect.stringContaining(batch[index] === broken ? 'wrong type' : 'full');
      expect(outcome).toMatchObject({ reason: { code: 'unavailable', message } });
    }
  }
});

test('a duplicate whose copies can not be made sure of is not called absent', async () => {
  await using redis = await startRedis();
  await using _replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] });
  await eventually(async () => String(await redis.command('INFO', 'replication')).includes('state=online'));
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const known = makePublication(ROOM, { minReplicas: 1 });
  await broker.publish(known);
  for (const [name, refusing, taking] of [
    ['maxmemory', '1', '0'],
    ['min-replicas-to-write', '2', '0'],
  ] as const) {
    await redis.command('CONFIG', 'SET', name, refusing);
    const batch = [known, makePublication(ROOM, { minReplicas: 1 })];
    expect(await Promise.allSettled(batch.map(async (one) => broker.publish(one)))).toMatchObject([
      { reason: { code: 'unknown_outcome', retrySafe: true } },
      { reason: { code: 'unavailable' } },
    ]);
    await redis.command('CONFIG', 'SET', name, taking);
    expect(await broker.publish(known)).toMatchObject({ status: 'duplicate', offset: 1 });
  }
});

test.each([
  { size: 5, publishes: 40 },
  { size: 100, publishes: 60 },
  { size: 1, publishes: 3 },
])('a call of $publishes keeps the bound of $size exactly and says what it removed', async ({ size, publishes }) => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const log = { size, ttlMs: 60_000 };
  for (let before = 0; before < 50; before += 1) await broker.publish(makePublication(ROOM, { log }));
  const batch = Array.from({ length: publishes }, () => makePublication(ROOM, { log }));
  await Promise.all(batch.map((one) => broker.publish(one)));
  const { entries, head, trimmed } = await broker.read(ROOM, { limit: 1_000 });
  expect(head).toMatchObject({ offset: 50 + publishes, lastId: batch.at(-1)?.eventId });
  expect(entries.map(({ offset }) => offset)).toEqual(
    Array.from({ length: size }, (_, index) => 50 + publishes - size + index + 1),
  );
  const removed = 50 + publishes - size;
  expect(trimmed.offset).toBe(removed);
  if (removed > 50) expect(trimmed.id).toBe(batch[removed - 51]?.eventId);
});

test('publishes of one room with other terms are calls of their own, in order', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const offsets = await Promise.all(
    [60_000, 60_000, 30_000, 30_000, 60_000].map((ttlMs, index) =>
      broker.publish(makePublication(ROOM, { data: index, log: { size: 100, ttlMs } })),
    ),
  );
  expect(offsets.map((one) => 'offset' in one && one.offset)).toEqual([1, 2, 3, 4, 5]);
});

test('a log that is ahead of its meta begins a new life with the whole call', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const before = await Promise.all(Array.from({ length: 5 }, () => broker.publish(makePublication(ROOM))));
  await redis.command('HSET', `trunkline:{${ROOM}}:meta`, 'offset', '2');
  const after = await Promise.all(Array.from({ length: 5 }, () => broker.publish(makePublication(ROOM))));
  expect(after.map((one) => 'offset' in one && one.offset)).toEqual([1, 2, 3, 4, 5]);
  const epochs = new Set([...before, ...after].map((one) => 'epoch' in one && one.epoch));
  expect(epochs.size).toBe(2);
  const { entries } = await broker.read(ROOM, { limit: 100 });
  expect(entries.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5]);
});
