import { createId } from '@trunkline/protocol';
import { eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test as serial } from 'vitest';
import { startNode, startTwoNodes } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis[Symbol.asyncDispose]());

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
