import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { startRedisPaths } from '../src/redis-paths.js';

/** A connection that names itself as the server's do. */
async function open(port: number, role: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  await once(socket, 'connect');
  const name = `t:n01:${role}`;
  socket.write(`*3\r\n$6\r\nclient\r\n$7\r\nsetname\r\n$${name.length}\r\n${name}\r\n`);
  await eventually(() => received === '+OK\r\n');
  return {
    socket,
    async ping(timeoutMs: number) {
      received = '';
      socket.write('PING\r\n');
      return eventually(() => received.startsWith('+PONG'), { timeoutMs }).then(
        () => true,
        () => false,
      );
    },
  };
}

it('keeps the ways of commands, subscriber and health to Redis apart', async () => {
  await using redis = await startRedis();
  await using paths = await startRedisPaths(redis.port);
  const commands = await open(paths.port, 'commands');
  const subscriber = await open(paths.port, 'subscriber');
  const health = await open(paths.port, 'health');
  expect(paths.all.map(({ counts }) => counts.connections)).toEqual([1, 1, 1]);
  paths.subscriber.blackhole('both');
  expect(await subscriber.ping(200)).toBe(false);
  expect(await commands.ping(2_000)).toBe(true);
  paths.commands.rstAll();
  await expect(once(commands.socket, 'close')).rejects.toThrow('ECONNRESET');
  expect(await health.ping(2_000)).toBe(true);
  paths.subscriber.heal();
  expect(await subscriber.ping(2_000)).toBe(true);
  for (const { socket } of [subscriber, health]) socket.destroy();
});

it('takes what has no name of ours for commands once it has said enough', async () => {
  await using redis = await startRedis();
  await using paths = await startRedisPaths(redis.port);
  const stranger = connect(paths.port, '127.0.0.1');
  stranger.write(`PING\r\n`.repeat(1_000));
  await once(stranger, 'data');
  expect(paths.commands.counts.connections).toBe(1);
  stranger.destroy();
});
