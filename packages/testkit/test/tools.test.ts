import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createFrameQueue, createManualClock, eventually, startRedis, watchLeaks } from '../src/index.js';

test('a queue takes by type, keeps what came before, and prints what was seen', async () => {
  const queue = createFrameQueue<{ type: string }>();
  queue.push({ type: 'a' });
  queue.push({ type: 'b' });
  expect(await queue.take(({ type }) => type === 'b', 'b')).toEqual({ type: 'b' });
  expect(queue.pending).toEqual([{ type: 'a' }]);
  await expect(queue.take(({ type }) => type === 'c', 'c frame', 5)).rejects.toThrow(
    /no c frame: waited 5 ms[\s\S]*"a"[\s\S]*"b"/,
  );
  const waiting = queue.take(({ type }) => type === 'c', 'c frame');
  queue.end('closed 4000');
  await expect(waiting).rejects.toThrow('closed 4000');
});

test('a manual clock runs timers in order of time and intervals again and again', async () => {
  const clock = createManualClock(0);
  const ran: string[] = [];
  clock.setTimeout(() => ran.push(`late ${clock.now()}`), 30);
  const interval = clock.setInterval(() => ran.push(`tick ${clock.now()}`), 10);
  await clock.advance(25);
  clock.clearInterval(interval);
  await clock.advance(100);
  expect(ran).toEqual(['tick 10', 'tick 20', 'late 30']);
  expect(clock.pending).toBe(0);
});

test('eventually reports the last failed assertion', async () => {
  await expect(eventually(() => expect(1).toBe(2), { timeoutMs: 20 })).rejects.toThrow(
    /not within 20 ms.*expected 1 to be 2/,
  );
});

test('a leak is found and named', async () => {
  await using redis = await startRedis();
  await eventually(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
  const leaks = watchLeaks({ timeoutMs: 50 });
  const socket = connect(redis.port, '127.0.0.1');
  await once(socket, 'connect');
  await expect(leaks[Symbol.asyncDispose]()).rejects.toThrow('1 TCPSocketWrap');
  socket.destroy();
});

test('a killed Redis comes back on its port with what the append-only file kept', async () => {
  await using redis = await startRedis({ appendonly: true });
  await redis.command('SET', 'kept', 'yes');
  await redis.kill();
  await expect(redis.command('PING')).rejects.toThrow('ECONNREFUSED');
  await redis.start();
  expect(await redis.command('GET', 'kept')).toBe('yes');
});

test('a Redis with a password answers commands that carry it', async () => {
  await using redis = await startRedis({ password: 'secret', args: ['--requirepass', 'secret'] });
  expect(await redis.command('PING')).toBe('PONG');
  expect(redis.url).toContain(':secret@');
});
