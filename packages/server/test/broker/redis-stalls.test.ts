import { eventually, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { startNode, type TestNode } from './backends.js';
import { startRewritingProxy } from './rewriting-proxy.js';

/** Nothing runs in this process for so long. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a node that stood still for seconds does not take Redis for silent', async () => {
  await using redis = await startRedis();
  let left = 0;
  const redisCommand = (name: string) => {
    if (name !== 'set' || left === 0) return;
    left -= 1;
    // After it was sent and before its answer is read, which waits until the timers that are due have run.
    setImmediate(standStill, 3_000);
  };
  await using node = await startNode(redis.url, { observer: { redisCommand } });
  const songs = async () => Number(await redis.command('GET', `trunkline:canary:${node.backend.broker.nodeId}`));
  await eventually(async () => (await songs()) > 0);
  const before = [...node.recorder.statuses];
  left = 1;
  await eventually(() => left === 0);
  const sung = await songs();
  await eventually(async () => (await songs()) >= sung + 2);
  expect(node.recorder.statuses).toEqual(before);
  expect(node.log.filter((line) => line.startsWith('warn'))).toEqual([]);
});

test('a node knows how far the clock of Redis is ahead of its own', async () => {
  await using redis = await startRedis();
  const hourMs = 3_600_000;
  await using ahead = await startRewritingProxy(redis, (answer) =>
    answer.replace(/(?<=server_time_usec:)\d+/, (time) => String(Number(time) + hourMs * 1_000)),
  );
  await using level = await startNode(redis.url);
  await using node = await startNode(ahead.url);
  const aheadMs = ({ backend }: TestNode) => backend.broker.clockAheadMs ?? Number.NaN;
  expect(Math.abs(aheadMs(level))).toBeLessThan(2_000);
  expect(Math.abs(aheadMs(node) - hourMs)).toBeLessThan(2_000);
});

test('another life of the same process makes its nodes check every room, and costs no connection', async () => {
  await using redis = await startRedis();
  let asks = 0;
  let replid: string | undefined;
  await using proxy = await startRewritingProxy(redis, (answer) =>
    answer.replace(/(?<=master_replid:)\w+/, (real) => {
      asks += 1;
      return replid ?? real;
    }),
  );
  await using node = await startNode(proxy.url);
  const { suspects, statuses } = node.recorder;
  const clients = async () => String(await redis.command('CLIENT', 'LIST')).match(/id=\d+(?= [^\n]*name=trunkline)/g);
  // One for the command connection, and one on the connection that watches.
  await eventually(() => asks >= 2);
  const before = await clients();
  suspects.length = 0;
  statuses.length = 0;
  replid = 'f'.repeat(40);
  await eventually(() => suspects.includes(null));
  expect(node.log).toContainEqual(expect.stringContaining('another process or life than before'));
  expect([statuses, await clients()]).toEqual([[], before]);
});
