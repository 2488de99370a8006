import { eventually, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { startNode, type TestNode } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
const ROOM = 'lobby:all';
const OWN = /Redis forbids channels to our user \(ACL\): it needs &trunkline:\*, and &booking:status/;

/** A Redis with a user `node` that may do all but what the rules take. */
async function startGuarded(...rules: string[]) {
  const redis = await startRedis();
  await redis.command('ACL', 'SETUSER', 'node', 'on', '>secret', '~*', '+@all', ...rules);
  return {
    url: `redis://node:secret@127.0.0.1:${redis.port}`,
    publish: (channel: string, message: string) => redis.command('PUBLISH', channel, message),
    /** How often a SUBSCRIBE was. */
    async refused() {
      const stats = String(await redis.command('INFO', 'commandstats'));
      return Number(/cmdstat_subscribe:.*rejected_calls=(\d+)/.exec(stats)?.[1]);
    },
    allow: (...more: string[]) => redis.command('ACL', 'SETUSER', 'node', ...more),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

const errorsOf = ({ log }: TestNode) => log.filter((line) => line.startsWith('error'));
const isConnected = ({ backend }: TestNode) => backend.broker.status.state === 'connected';

async function expectForbidden(node: TestNode, reason: RegExp): Promise<void> {
  await eventually(() =>
    expect(node.backend.broker.status).toMatchObject({
      state: 'degraded',
      deaf: true,
      reason: expect.stringMatching(reason),
    }),
  );
  expect(errorsOf(node)).toEqual([expect.stringMatching(reason)]);
}

async function expectHeard(node: TestNode): Promise<void> {
  const publication = makePublication(ROOM);
  await node.backend.broker.publish(publication);
  await eventually(() => node.recorder.heard.some(({ event }) => event.id === publication.eventId));
}

test('a user without our channels is named with the rule that is missing, once, and is never connected', async () => {
  await using redis = await startGuarded('resetchannels');
  await using node = await startNode(redis.url);
  await expectForbidden(node, OWN);
  expect(errorsOf(node)[0]).toContain('&booking:status &support:message &technician:location');
  await node.backend.broker.subscribe(ROOM);
  expect(node.recorder.statuses.map(({ state }) => state)).toEqual(['degraded']);
  await redis.allow('&trunkline:*');
  await eventually(() => isConnected(node));
  expect(node.recorder.suspects).toContain(null);
  await expectHeard(node);
  expect(errorsOf(node)).toHaveLength(1);
});

test.each(['publish', 'subscribe'])('a user without %s is told of it', async (command) => {
  await using redis = await startGuarded('&*', `-${command}`);
  await using node = await startNode(redis.url);
  await expectForbidden(node, new RegExp(`a command to our user .*needs \\+${command}\\b`));
  await redis.allow(`+${command}`);
  await eventually(() => isConnected(node));
});

test('rights that are taken away while it runs are told, and what was missed is repaired when they are back', async () => {
  await using redis = await startGuarded('&*');
  await using node = await startNode(redis.url);
  await node.backend.broker.subscribe(ROOM);
  await expectHeard(node);
  await redis.allow('resetchannels');
  await expectForbidden(node, OWN);
  node.recorder.suspects.length = 0;
  await redis.allow('&*');
  await eventually(() => isConnected(node));
  expect(node.recorder.suspects).toContain(null);
  await expectHeard(node);
});

test.each([
  { command: 'xadd', code: 'unavailable' },
  { command: 'hset', code: 'unknown_outcome' },
  { command: 'set', code: 'unknown_outcome' },
  { command: 'xrange', code: 'unknown_outcome' },
])(
  'an append that may not $command is told as such, and not as absent where the log may have it',
  async ({ command, code }) => {
    await using redis = await startGuarded('&*');
    await using node = await startNode(redis.url);
    const { broker } = node.backend;
    await broker.publish(makePublication(ROOM));
    await redis.allow(`-${command}`);
    const batch = [makePublication(ROOM), makePublication(ROOM)];
    const outcomes = await Promise.allSettled(batch.map(async (one) => broker.publish(one)));
    expect(outcomes).toMatchObject([{ reason: { code } }, { reason: { code } }]);
    expect(node.log).toContainEqual(expect.stringMatching(/refused a command .*forbids a command to our user \(ACL\)/));
    await redis.allow(`+${command}`);
    await eventually(() => isConnected(node));
    for (const one of batch) expect(await broker.publish(one)).toMatchObject({ eventId: one.eventId });
    const { entries } = await broker.read(ROOM, { limit: 10 });
    expect(entries.slice(-2).map(({ id }) => id)).toEqual(batch.map(({ eventId }) => eventId));
  },
);

test('what may not be fanned out is appended, kept and purged all the same', async () => {
  await using redis = await startGuarded('&*');
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  await redis.allow('-publish');
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended', offset: 1 });
  expect(await broker.publish(makePublication(ROOM))).toMatchObject({ status: 'appended', offset: 2 });
  expect((await broker.read(ROOM, { limit: 10 })).entries).toHaveLength(2);
  broker.emit(ROOM, 'kept', { key: 'k', ttlMs: 60_000 });
  expect(await broker.retained(ROOM)).toEqual(['kept']);
  await broker.purge(ROOM);
  expect((await broker.read(ROOM, { limit: 10 })).head.offset).toBe(0);
});

test('one room that may not be heard makes its node deaf, and shows its own members what it can', async () => {
  await using redis = await startGuarded(
    'resetchannels',
    ...['canary', 'node*', 'rel*'].map((name) => `&trunkline:${name}`),
  );
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  expect(isConnected(node)).toBe(true);
  await broker.subscribe(ROOM);
  await expectForbidden(node, OWN);
  broker.emit(ROOM, 'here');
  expect(node.recorder.ephemeral).toEqual([{ room: ROOM, message: 'here' }]);
  broker.unsubscribe(ROOM);
  await eventually(() => isConnected(node));
});

test('channels of other services that are forbidden are named, and ours are heard all the same', async () => {
  await using redis = await startGuarded('resetchannels', '&trunkline:*');
  await using node = await startNode(redis.url);
  const { broker, foreign } = node.backend;
  const heard: unknown[] = [];
  await foreign.start((channel, message) => void heard.push([channel, message]));
  expect(foreign.forbidden).toBe(
    'Redis forbids channels to our user (ACL): it needs &booking:status &support:message &technician:location for the events of other services',
  );
  await broker.subscribe(ROOM);
  await expectHeard(node);
  expect({ status: broker.status, isHolder: foreign.isHolder(), isHeard: foreign.isHeard() }).toEqual({
    status: { state: 'connected' },
    isHolder: false,
    isHeard: false,
  });
  const refused = await redis.refused();
  await eventually(async () => (await redis.refused()) >= refused + 2);
  expect(errorsOf(node)).toEqual([expect.stringContaining('&booking:status')]);
  await redis.allow('&booking:status', '&support:message', '&technician:location');
  await eventually(() => foreign.forbidden === null && foreign.isHolder() && foreign.isHeard());
  await redis.publish('booking:status', '{"bookingId":"1"}');
  await eventually(() => expect(heard).toEqual([['booking:status', { bookingId: '1' }]]));
  await redis.allow('resetchannels', '&trunkline:*');
  await eventually(() => foreign.forbidden !== null && !foreign.isHolder() && !foreign.isHeard());
  await eventually(() => isConnected(node));
});
