import { eventually, redisCommand, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { createNode, startNode } from './backends.js';

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
