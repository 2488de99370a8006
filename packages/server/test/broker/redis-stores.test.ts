import { createId } from '@trunkline/protocol';
import {
  eventually,
  type RedisServer,
  redisCommand,
  startFaultProxy,
  startRedis,
  watchLeaks,
} from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import type { RelationChange } from '../../src/seams/directory.js';
import type { RosterEntry } from '../../src/seams/roster.js';
import { makePublication } from '../../src/testing/index.js';
import { createNode, startNode, startTwoNodes } from './backends.js';

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

serial('a closed node leaves no socket, timer or claim behind', async () => {
  await using _leaks = watchLeaks();
  await using node = await startNode(redis.url);
  const { presence, directory, roster, foreign, broker } = node.backend;
  await Promise.all([presence.start(), directory.start(), roster.start(), foreign.start(() => undefined)]);
  await broker.publish(makePublication('lobby:all', { minReplicas: 0 }));
});

test('changes of relations reach a node whose subscriber is deaf, within two seconds', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using writer = await startNode(redis.url, { prefix });
  const heard: (RelationChange | null)[] = [];
  await node.backend.directory.start();
  node.backend.directory.onChange((change) => heard.push(change));
  proxy.connectionThat((sent) => sent.includes('subscribe')).hold('down');
  const change = { object: 'booking:1', relation: 'owner', user: 'u1', present: true };
  await writer.backend.directory.change(change);
  await eventually(() => heard.length > 0, { timeoutMs: 2_000 });
  expect(heard).toEqual([change]);
});

test('a node that was away hears what it missed before it is connected again, and is deaf meanwhile', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using writer = await startNode(redis.url, { prefix });
  const order: string[] = [];
  const { directory, broker } = node.backend;
  await directory.start();
  directory.onChange((change) => order.push(`change ${change?.present}`));
  const { suspect, status } = node.recorder;
  node.recorder.suspect = (rooms) => {
    order.push('suspect');
    suspect(rooms);
  };
  node.recorder.status = (now) => {
    order.push(now.state);
    status(now);
  };
  await proxy.down();
  proxy.rstAll();
  await eventually(() => broker.status.state === 'degraded');
  await eventually(() => directory.deafForMs() > 0, { timeoutMs: 4_000 });
  await expect(directory.check({ object: 'booking:2', relation: 'owner', user: 'u' })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const fact = { object: 'booking:2', relation: 'owner', user: 'u' };
  await writer.backend.directory.change({ ...fact, present: true });
  await writer.backend.directory.change({ ...fact, present: false });
  await proxy.up();
  await eventually(() => broker.status.state === 'connected');
  expect(order.filter((word) => word !== 'degraded').slice(0, 4)).toEqual([
    'change true',
    'change false',
    'suspect',
    'connected',
  ]);
  expect(directory.deafForMs()).toBe(0);
});

test('a lost log of relation changes makes every node check everything', async () => {
  await using own = await startRedis();
  await using node = await startNode(own.url);
  const { directory } = node.backend;
  await directory.start();
  const heard: (RelationChange | null)[] = [];
  directory.onChange((change) => heard.push(change));
  await own.command('FLUSHALL');
  await eventually(() => heard.includes(null), { timeoutMs: 3_000 });
});

test('the object decides, whatever the index of the user says', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  await backend.directory.start();
  await backend.directory.change({ object: 'group:1', relation: 'member', user: 'ann', present: true });
  await redis.command('SADD', `${pair.prefix}:relations-of:ann`, 'member group:2');
  expect(await backend.directory.objectsOf('ann', 'member', 'group')).toEqual(['group:1']);
});

test('presence is exact again after Redis lost everything', async () => {
  await using own = await startRedis();
  await using node = await startNode(own.url, { presenceLeaseMs: 1_000 });
  const { presence } = node.backend;
  await presence.start();
  await presence.touch('lobby:all', { userId: 'ann', connectionId: 'c1', state: null });
  await own.command('FLUSHALL');
  expect(await presence.renew()).toBe('lost');
  await presence.touch('lobby:all', { userId: 'ann', connectionId: 'c1', state: null });
  expect((await presence.list('lobby:all')).members).toHaveLength(1);
  expect(await presence.renew()).toBe('held');
});

test('a node that could not reach Redis takes no other for dead when it comes back: that one may come back later', async () => {
  const prefix = createId();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using cut = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using pair = await startTwoNodes(redis, { prefix, presenceLeaseMs: 200 });
  const [silent, witness] = pair.nodes.map(({ backend }) => backend.presence);
  await silent?.touch('lobby:all', { userId: 'ann', connectionId: 'a1', state: null });
  await proxy.down();
  proxy.rstAll();
  await expect(cut.backend.presence.sweep()).rejects.toMatchObject({ code: 'unavailable' });
  await eventually(async () => (await witness?.list('lobby:all'))?.members.length === 0);
  await proxy.up();
  const swept = () => cut.backend.presence.sweep().catch(() => undefined);
  await eventually(async () => expect(await swept()).toEqual([]), { timeoutMs: 10_000 });
  expect(await witness?.sweep()).toMatchObject([{ change: 'leave', member: { userId: 'ann' } }]);
});

test('the members of a node that closed are swept by another at once', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  await one?.start();
  await two?.start();
  await two?.touch('lobby:all', { userId: 'bob', connectionId: 'b1', state: null });
  await two?.close();
  expect((await one?.list('lobby:all'))?.members).toEqual([]);
  expect(await one?.sweep()).toMatchObject([{ change: 'leave', member: { userId: 'bob' } }]);
});

test('all that rooms and requests leave in Redis has an end, and no look and no later write brings it nearer', async () => {
  await using pair = await startTwoNodes(redis);
  const [{ backend }] = pair.nodes;
  const { broker, ledger } = backend;
  const monthMs = 30 * 86_400_000;
  await broker.read('lobby:read', { limit: 1 });
  await broker.bumpEpoch('lobby:bumped', 'none');
  await broker.purge('lobby:purged');
  for (const room of ['lobby:kept', 'lobby:emptied'])
    await broker.publish(makePublication(room, { log: { size: 10, ttlMs: monthMs } }));
  const { head } = await broker.read('lobby:kept', { limit: 1 });
  await broker.bumpEpoch('lobby:kept', head.epoch);
  await broker.purge('lobby:emptied');
  broker.emit('lobby:kept', 1, { key: 'a', ttlMs: monthMs });
  broker.emit('lobby:kept', 2, { key: 'b', ttlMs: 60_000 });
  expect(await broker.retained('lobby:kept')).toEqual([1, 2]);
  for (const key of ['runs', 'settled', 'released']) await ledger.claim(key, 'data', 60_000);
  await ledger.settle('settled', 1, 60_000);
  await ledger.release('released', 1);
  await ledger.advance({ room: 'lobby:kept', epoch: 'e', userId: 'ann', kind: 'read', offset: 1 });
  const found = [await redis.command('KEYS', `${pair.prefix}:*{*`), await redis.command('KEYS', `${pair.prefix}:req*`)];
  const ends = new Map<string, number>();
  for (const key of found.join().split(',')) {
    ends.set(key.slice(pair.prefix.length + 1), Number(await redis.command('PTTL', key)));
  }
  for (const [key, endsInMs] of ends) expect(endsInMs, key).toBeGreaterThan(0);
  const lasting = [
    'emptied}:meta',
    'kept}:log',
    'kept}:meta',
    'kept}:receipts',
    'kept}:retained',
    'kept}:retained-order',
  ];
  for (const key of lasting) expect(ends.get(`{lobby:${key}`), key).toBeGreaterThan(monthMs - 60_000);
  // Besides: meta of three rooms, three requests, two publishes remembered.
  expect(ends.size).toBe(lasting.length + 8);
});

test('a room that everybody left keeps nothing in Redis but its version, and that has an end', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  const kept = async () =>
    String(await redis.command('KEYS', `${pair.prefix}:*present*`))
      .split(',')
      .sort();
  const version = `${pair.prefix}:{lobby:all}:present-version`;
  await one?.touch('lobby:all', { userId: 'ann', connectionId: 'a1', state: null });
  await two?.touch('lobby:all', { userId: 'bob', connectionId: 'b1', state: null });
  expect(await kept()).toHaveLength(5);
  expect(await redis.command('ZCARD', `${pair.prefix}:leases`)).toBe(2);
  expect(await redis.command('PTTL', version)).toBe(-1);
  await one?.remove('lobby:all', 'a1');
  await two?.close();
  await one?.sweep();
  expect(await kept()).toEqual([version]);
  expect(await redis.command('ZCARD', `${pair.prefix}:leases`)).toBe(1);
  expect(Number(await redis.command('PTTL', version))).toBeGreaterThan(0);
  await one?.touch('lobby:all', { userId: 'ann', connectionId: 'a1', state: null });
  expect(await redis.command('PTTL', version)).toBe(-1);
});

test('a node answers in Redis for the rooms that its members are in, and for none that they left', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  const ann = { userId: 'ann', connectionId: 'a1', state: null };
  await one?.touch('lobby:kept', ann);
  await two?.touch('lobby:kept', { userId: 'bob', connectionId: 'b1', state: null });
  await one?.touch('lobby:left', ann);
  await one?.touch('lobby:left', { ...ann, connectionId: 'a2' });
  const noted = async () => {
    const keys = String(await redis.command('KEYS', `${pair.prefix}:lease-rooms:*`)).split(',');
    return (await Promise.all(keys.map(async (key) => String(await redis.command('SMEMBERS', key))))).sort();
  };
  await one?.remove('lobby:left', 'a1');
  expect(await noted()).toEqual(['lobby:kept', expect.stringContaining('lobby:left')]);
  await one?.remove('lobby:left', 'a2');
  expect(await noted()).toEqual(['lobby:kept', 'lobby:kept']);
  await one?.remove('lobby:kept', 'a1');
  expect(await noted()).toEqual(['lobby:kept']);
});

test('of a room of any size, all whom a dead node had there leave it, though some left before', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.presence);
  const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
  for (const userId of users) await one?.touch('lobby:large', { userId, connectionId: userId, state: null });
  const [left, ...others] = users;
  await one?.remove('lobby:large', String(left));
  await one?.close();
  const changes = await two?.sweep();
  expect(changes?.map(({ change, member }) => `${change} ${member.userId}`).sort()).toEqual(
    others.map((userId) => `leave ${userId}`).sort(),
  );
  expect((await two?.list('lobby:large'))?.members).toEqual([]);
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

test('waiting for a request whose node died ends as unknown', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes;
  await one.backend.roster.start();
  await two.backend.roster.start();
  await eventually(async () => (await redis.command('ZCARD', `${pair.prefix}:roster`)) === 2);
  expect(await two.backend.ledger.claim('k', 'data', 60_000)).toEqual({ status: 'claimed' });
  const waiting = one.backend.ledger.settled('k', new AbortController().signal, () => undefined);
  const lost = expect(waiting).rejects.toMatchObject({ code: 'unknown_outcome' });
  await two.backend.roster.close();
  await lost;
});

test('a node ends its own claims alone', async () => {
  await using pair = await startTwoNodes(redis);
  const [one, two] = pair.nodes.map(({ backend }) => backend.ledger);
  expect(await one?.claim('k', 'data', 60_000)).toEqual({ status: 'claimed' });
  await two?.settle('k', 'not its own', 60_000);
  await two?.release('k', 'not its own');
  expect(await two?.claim('k', 'data', 60_000)).toMatchObject({ status: 'running' });
});

test('waiting for a request goes on as long as its node lives', async () => {
  const prefix = createId();
  let questions = 0;
  const redisCommand = (name: string) => {
    if (name === 'get') questions += 1;
  };
  await using asking = await startNode(redis.url, { prefix, observer: { redisCommand } });
  await using running = await startNode(redis.url, { prefix });
  await running.backend.roster.start();
  await eventually(async () => (await redis.command('ZCARD', `${prefix}:roster`)) === 2);
  await running.backend.ledger.claim('k', 'data', 60_000);
  const waiting = asking.backend.ledger.settled('k', new AbortController().signal, () => undefined);
  // Two answers that the node is dead would have ended it.
  const enough = eventually(() => questions >= 4, { timeoutMs: 10_000 });
  await Promise.race([enough, waiting]);
  await running.backend.ledger.settle('k', 'done', 60_000);
  expect(await waiting).toBe('done');
});

test('a peer that is killed is missed by the others, one that closes is not', async () => {
  await using own = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: own.port });
  await using watcher = await startNode(own.url);
  const killed = createNode(`redis://127.0.0.1:${proxy.port}`);
  const closing = createNode(own.url);
  await killed.backend.broker.start(killed.recorder);
  await closing.backend.broker.start(closing.recorder);
  await eventually(async () => {
    const names = String(await redisCommand(own.port, ['CLIENT', 'LIST'])).match(/name=trunkline:\w+:commands/g);
    return names?.length === 3;
  });
  await closing[Symbol.asyncDispose]();
  await proxy.down();
  proxy.rstAll();
  await eventually(() => watcher.counted.includes('canary_missed'), { timeoutMs: 9_000 });
  expect(watcher.log.filter((line) => line.includes('a peer is not heard'))).toHaveLength(1);
  await killed[Symbol.asyncDispose]();
}, 20_000);
