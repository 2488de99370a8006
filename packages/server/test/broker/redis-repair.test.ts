import { eventually, startFaultProxy, startRedis, startSentinelTopology } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { startNode, type TestNode } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
const ROOM = 'lobby:all';

/** Publishes and waits until the node hears it live. */
async function heardLive(node: TestNode, from: TestNode = node): Promise<void> {
  const publication = makePublication(ROOM);
  await from.backend.broker.publish(publication);
  await eventually(() => node.recorder.heard.some(({ event }) => event.id === publication.eventId));
}

test('a killed subscriber comes back, tells suspect, and hears again', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  await broker.subscribe(ROOM);
  await heardLive(node);
  node.recorder.suspects.length = 0;
  node.recorder.statuses.length = 0;
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => node.recorder.suspects.includes(null));
  // Appends need not stop for a subscriber that is back at once.
  expect(node.recorder.statuses).toEqual([]);
  await eventually(() => broker.status.state === 'connected');
  await heardLive(node);
  expect(node.counted).toContain('resubscribed');
});

test('a black-holed subscriber is found within 5 s although Redis answers, and its node is deaf meanwhile', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`);
  await using peer = await startNode(redis.url);
  const { broker } = node.backend;
  await broker.subscribe(ROOM);
  await heardLive(node, peer);
  const subscriber = proxy.connectionThat((sent) => sent.includes('subscribe'));
  subscriber.hold('down');
  node.recorder.suspects.length = 0;
  const startedAt = performance.now();
  await eventually(() => broker.status.state === 'degraded', { timeoutMs: 6_000 });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(broker.status).toMatchObject({ state: 'degraded', deaf: true });
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended' });
  await eventually(() => broker.status.state === 'connected');
  expect(node.recorder.suspects).toContain(null);
  await heardLive(node, peer);
  expect(node.counted).toContain('canary_missed');
});

test('a subscriber that can not come back makes its node deaf though Redis answers, until it can', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`);
  const { broker } = node.backend;
  await broker.subscribe(ROOM);
  await heardLive(node);
  await proxy.down();
  proxy.connectionThat((sent) => sent.includes('subscribe')).reset();
  await eventually(() => expect(broker.status).toMatchObject({ state: 'degraded', deaf: true }));
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended' });
  broker.emit(ROOM, 'here');
  expect(node.recorder.ephemeral).toEqual([{ room: ROOM, message: 'here' }]);
  node.recorder.suspects.length = 0;
  await proxy.up();
  await eventually(() => broker.status.state === 'connected');
  expect(node.recorder.suspects).toContain(null);
  await heardLive(node);
});

test('a node hears what it says itself, once, whether Redis is there or away', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const { ephemeral, signals } = node.recorder;
  await broker.subscribe(ROOM);
  for (const when of ['there', 'away']) {
    if (when === 'away') await redis.kill();
    await eventually(() => broker.status.state === (when === 'away' ? 'degraded' : 'connected'));
    broker.signal({ nodeId: broker.nodeId }, `to itself, ${when}`);
    broker.signal('all', `to all, ${when}`);
    broker.emit(ROOM, when);
    broker.emit(ROOM, 'kept alone', { key: 'k', ttlMs: 60_000, only: true });
    broker.emit('lobby:other', when);
    await eventually(() => ephemeral.some(({ message }) => message === when));
  }
  expect(signals).toEqual(['to itself, there', 'to all, there', 'to itself, away', 'to all, away']);
  expect(ephemeral.map(({ message }) => message)).toEqual(['there', 'away']);
  expect(await broker.retained(ROOM)).toEqual([]);
});

test('kill -9 of a Redis with AOF keeps all: same epoch, every event, and rooms are checked', async () => {
  await using redis = await startRedis({ appendonly: true });
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const log = { size: 1_000, ttlMs: 60_000 };
  await Promise.all(Array.from({ length: 300 }, () => broker.publish(makePublication(ROOM, { log }))));
  const before = await broker.read(ROOM, { limit: 1_000 });
  node.recorder.suspects.length = 0;
  await redis.kill();
  await eventually(() => broker.status.state === 'degraded');
  await redis.start();
  await eventually(() => broker.status.state === 'connected');
  expect(await broker.read(ROOM, { limit: 1_000 })).toEqual(before);
  expect(node.recorder.suspects).toContain(null);
  expect(before.entries).toHaveLength(300);
});

test('a Redis that restarts with nothing begins a new epoch', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const first = await broker.publish(makePublication(ROOM));
  node.recorder.suspects.length = 0;
  await redis.kill();
  await redis.start();
  await eventually(() => node.recorder.suspects.includes(null) && broker.status.state === 'connected');
  const second = await broker.publish(makePublication(ROOM));
  expect(second).toMatchObject({ status: 'appended', offset: 1 });
  expect(second.status === 'appended' && second.epoch).not.toBe(first.status === 'appended' && first.epoch);
});

test('FLUSHALL begins a new epoch, and every node is told to check within two seconds', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const { head } = await broker.read(ROOM, { limit: 1 });
  await broker.publish(makePublication(ROOM));
  await eventually(async () => (await redis.command('EXISTS', `trunkline:canary:${broker.nodeId}`)) === 1);
  node.recorder.suspects.length = 0;
  await redis.command('FLUSHALL');
  await eventually(() => node.recorder.suspects.includes(null), { timeoutMs: 3_000 });
  expect((await broker.read(ROOM, { limit: 1 })).head.epoch).not.toBe(head.epoch);
});

test('a deleted stream whose meta is left is trimmed history, not a new life', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const appended = await broker.publish(makePublication(ROOM, { eventId: 'gone' }));
  await redis.command('DEL', 'trunkline:{lobby:all}:log');
  const page = await broker.read(ROOM, { after: 0, limit: 10 });
  expect(page).toMatchObject({ entries: [], trimmed: { offset: 1, id: 'gone' }, head: { offset: 1, lastId: 'gone' } });
  const next = await broker.publish(makePublication(ROOM));
  expect(next).toMatchObject({ offset: 2, epoch: appended.status === 'appended' && appended.epoch });
  expect((await broker.read(ROOM, { after: 0, limit: 10 })).trimmed).toEqual({ offset: 1, id: 'gone' });
});

test.each(['DEL', 'HDEL epoch', 'HDEL offset'])(
  'a room whose meta was damaged (%s) begins an empty life at the next look, and keeps that one',
  async (damage) => {
    const [command = '', ...fields] = damage.split(' ');
    await using redis = await startRedis();
    await using node = await startNode(redis.url);
    const { broker } = node.backend;
    const log = { size: 2, ttlMs: 60_000 };
    for (let index = 0; index < 3; index += 1) await broker.publish(makePublication(ROOM, { log }));
    const { head } = await broker.read(ROOM, { limit: 1 });
    const before = await broker.bumpEpoch(ROOM, head.epoch);
    await redis.command(command, `trunkline:{${ROOM}}:meta`, ...fields);
    const page = await broker.read(ROOM, { after: 0, limit: 10 });
    const start = { offset: 0, id: '' };
    const { epoch } = page.head;
    expect([head.epoch, before.epoch]).not.toContain(epoch);
    expect(page).toEqual({ entries: [], head: { epoch, offset: 0, lastId: '' }, trimmed: start, born: start });
    expect(await broker.read(ROOM, { limit: 10 })).toEqual(page);
    expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended', offset: 1, epoch });
  },
);

test('what somebody deleted from a log is told as removed', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  for (let index = 0; index < 3; index += 1) await broker.publish(makePublication(ROOM));
  await redis.command('XDEL', `trunkline:{${ROOM}}:log`, '1-0', '2-0');
  const page = await broker.read(ROOM, { after: 0, limit: 10 });
  expect(page).toMatchObject({ entries: [{ offset: 3 }], trimmed: { offset: 2, id: '' }, head: { offset: 3 } });
});

test('a failover by Sentinel moves the node to the new master, which makes it check', async () => {
  await using topology = await startSentinelTopology();
  await using node = await startNode(topology.url, { startTimeoutMs: 5_000 });
  const { broker } = node.backend;
  await broker.subscribe(ROOM);
  await heardLive(node);
  const old = await topology.master();
  await eventually(async () => {
    const [replica] = await topology.replicas();
    return (await replica?.command('XLEN', `trunkline:{${ROOM}}:log`)) === 1;
  });
  node.recorder.suspects.length = 0;
  await old.kill();
  await eventually(async () => (await topology.master()) !== old, { timeoutMs: 20_000 });
  await eventually(() => broker.status.state === 'connected' && node.recorder.suspects.includes(null), {
    timeoutMs: 15_000,
  });
  await heardLive(node);
  expect((await broker.read(ROOM, { limit: 10 })).entries).toHaveLength(2);
}, 60_000);

test('a lagging replica that is promoted re-uses offsets under the old epoch: the room is told to check, and ids show it', async () => {
  await using topology = await startSentinelTopology();
  await using node = await startNode(topology.url, { startTimeoutMs: 5_000 });
  const { broker } = node.backend;
  await broker.subscribe(ROOM);
  const kept = await broker.publish(makePublication(ROOM, { eventId: 'kept' }));
  const old = await topology.master();
  const [replica] = await topology.replicas();
  await eventually(async () => (await replica?.command('XLEN', `trunkline:{${ROOM}}:log`)) === 1);
  replica?.pause();
  // Or the kernel would keep for it what it did not read.
  await old.command('CLIENT', 'KILL', 'TYPE', 'replica');
  for (let index = 0; index < 20; index += 1) await broker.publish(makePublication(ROOM, { eventId: `lost-${index}` }));
  const before = (await broker.read(ROOM, { limit: 1 })).head;
  node.recorder.suspects.length = 0;
  await old.kill();
  replica?.resume();
  await eventually(async () => (await topology.master()) !== old, { timeoutMs: 20_000 });
  await eventually(() => broker.status.state === 'connected' && node.recorder.suspects.includes(null), {
    timeoutMs: 15_000,
  });
  const after = (await broker.read(ROOM, { limit: 1 })).head;
  expect(before).toMatchObject({ offset: 21, lastId: 'lost-19' });
  expect(after).toEqual({ epoch: before.epoch, offset: 1, lastId: 'kept' });
  const head = await broker.bumpEpoch(ROOM, before.epoch);
  expect(head.epoch).not.toBe(kept.status === 'appended' && kept.epoch);
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ offset: 2, epoch: head.epoch });
}, 60_000);
