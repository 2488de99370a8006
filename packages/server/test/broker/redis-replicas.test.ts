import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { expectDegraded, startNode } from './backends.js';

const ROOM = 'lobby:all';

test('a replica is read-only and says so once, however often it is tried, until it is promoted', async () => {
  await using master = await startRedis();
  await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  await using proxy = await startFaultProxy({ targetPort: replica.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { startTimeoutMs: 300 });
  await expectDegraded(node, /read-only/);
  node.recorder.statuses.length = 0;
  const tries = proxy.counts.connections;
  await eventually(() => proxy.counts.connections >= tries + 2);
  expect(node.recorder.statuses).toEqual([]);
  await replica.command('REPLICAOF', 'NO', 'ONE');
  await eventually(() => node.backend.broker.status.state === 'connected');
});

test('a connection to a master is kept though one to a replica was to be tried again', async () => {
  await using master = await startRedis();
  await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const address = { targetPort: replica.port };
  await using proxy = await startFaultProxy(address);
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { startTimeoutMs: 10 });
  const { broker } = node.backend;
  await eventually(() => expect(broker.status).toMatchObject({ reason: expect.stringContaining('read-only') }));
  address.targetPort = master.port;
  proxy.rstAll();
  await eventually(() => broker.status.state === 'connected');
  node.recorder.statuses.length = 0;
  const songs = async () => Number(await master.command('GET', `trunkline:canary:${broker.nodeId}`));
  const sung = await songs();
  await eventually(async () => (await songs()) >= sung + 2);
  expect(node.recorder.statuses).toEqual([]);
});

test('a master that becomes a replica while in use is noticed', async () => {
  await using other = await startRedis();
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  await redis.command('REPLICAOF', '127.0.0.1', String(other.port));
  await expectDegraded(node, /read-only/);
});

test('a master that is demoted is left for the one that its address leads to by then', async () => {
  await using successor = await startRedis();
  await using redis = await startRedis();
  const address = { targetPort: redis.port };
  await using proxy = await startFaultProxy(address);
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`);
  const { broker } = node.backend;
  const publish = async (minReplicas: number) => broker.publish(makePublication(ROOM, { minReplicas }));
  await publish(0);
  await expect(publish(1)).rejects.toMatchObject({ code: 'unknown_outcome' });
  address.targetPort = successor.port;
  await redis.command('REPLICAOF', '127.0.0.1', String(successor.port));
  await eventually(async () => expect(await publish(0)).toMatchObject({ status: 'appended' }));
  await eventually(async () => expect(await publish(1)).toMatchObject({ status: 'appended' }));
  await eventually(() => broker.status.state === 'connected');
});
