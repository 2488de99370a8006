import { createId } from '@trunkline/protocol';
import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { makePublication } from '../../src/testing/index.js';
import { startNode } from './backends.js';

const test = serial.concurrent;
/** More than two commands name. */
const ROOMS = Array.from({ length: 1_200 }, (_, index) => `group:${index}`);

test('a node in more rooms than one command names hears each of them, and again after it lost its subscriber', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const expectHeard = async (): Promise<void> => {
    node.recorder.heard.length = 0;
    await Promise.all(ROOMS.map((room) => broker.publish(makePublication(room))));
    await eventually(() => expect(new Set(node.recorder.heard.map(({ room }) => room)).size).toBe(ROOMS.length));
  };
  await Promise.all(ROOMS.map((room) => broker.subscribe(room)));
  await expectHeard();
  node.recorder.suspects.length = 0;
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => node.recorder.suspects.includes(null));
  await expectHeard();
  expect(node.recorder.heard).toHaveLength(ROOMS.length);
});

test('a room that a node left is not sent to it any more, and one it left and joined again in one turn still is', async () => {
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const listened = async () =>
    String(await redis.command('PUBSUB', 'CHANNELS', '*:events'))
      .split(',')
      .sort();
  for (const room of ['lobby:kept', 'lobby:left']) await broker.subscribe(room);
  expect(await listened()).toEqual(['trunkline:{lobby:kept}:events', 'trunkline:{lobby:left}:events']);
  broker.unsubscribe('lobby:kept');
  broker.unsubscribe('lobby:left');
  await broker.subscribe('lobby:kept');
  void broker.subscribe('lobby:brief');
  broker.unsubscribe('lobby:brief');
  await eventually(async () => expect(await listened()).toEqual(['trunkline:{lobby:kept}:events']));
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => node.recorder.suspects.length > 1);
  expect(await listened()).toEqual(['trunkline:{lobby:kept}:events']);
});

test('a room is heard from the moment that its subscription resolves', async () => {
  const prefix = createId();
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`, { prefix });
  await using other = await startNode(redis.url, { prefix });
  proxy.delay(200);
  await node.backend.broker.subscribe('lobby:all');
  other.backend.broker.emit('lobby:all', 'first');
  await eventually(() => expect(node.recorder.ephemeral).toEqual([{ room: 'lobby:all', message: 'first' }]));
});

test('a room that Redis was too busy to subscribe to is heard when it has time again', async () => {
  await using redis = await startRedis({ args: ['--lua-time-limit', '10'] });
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const script = expect(redis.command('EVAL', 'while true do end', '0')).rejects.toThrow();
  await eventually(() => expect(redis.command('PING')).rejects.toThrow('BUSY'));
  await broker.subscribe('lobby:all');
  await redis.command('SCRIPT', 'KILL');
  await script;
  await eventually(() => {
    broker.emit('lobby:all', 'heard');
    return node.recorder.ephemeral.length > 0;
  });
});
