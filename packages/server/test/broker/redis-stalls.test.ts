import { connect, createServer } from 'node:net';
import { eventually, freePort, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { startNode, type TestNode } from './backends.js';

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
  const ahead = createServer((client) => {
    const server = connect(redis.port, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
    }
    client.on('data', (chunk) => server.write(chunk));
    server.on('data', (chunk) =>
      client.write(String(chunk).replace(/(?<=server_time_usec:)\d+/, (time) => String(Number(time) + hourMs * 1_000))),
    );
  });
  const port = await freePort();
  ahead.listen(port, '127.0.0.1');
  {
    await using level = await startNode(redis.url);
    await using node = await startNode(`redis://127.0.0.1:${port}`);
    const aheadMs = ({ backend }: TestNode) => backend.broker.clockAheadMs ?? Number.NaN;
    expect(Math.abs(aheadMs(level))).toBeLessThan(2_000);
    expect(Math.abs(aheadMs(node) - hourMs)).toBeLessThan(2_000);
  }
  ahead.close();
});
