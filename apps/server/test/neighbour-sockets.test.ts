import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { eventually } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { ask, send, startTwo, UPGRADE } from './start-neighbours.js';

it('joins an upgraded socket to the worker of its session, until either ends it', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const first = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}first`);
  await eventually(() => first.came.text.endsWith('\r\n\r\n2 first'));
  const large = 'x'.repeat(3_000_000);
  first.socket.write(large);
  await eventually(() => first.came.text.endsWith(`2 first${large}`));
  first.socket.destroy();
  await eventually(() => two.sockets[0]?.destroyed);

  const second = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 2);
  two.sockets[1]?.end('bye');
  await eventually(() => second.came.ended);
  expect(second.came.text).toMatch(/bye$/);

  // Nobody reads here, and the other worker gives up.
  const third = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 3);
  third.socket.pause();
  two.sockets[2]?.write('x'.repeat(30_000_000));
  two.sockets[2]?.destroySoon();
  await one.neighbours.idle(0);
  two.sockets[2]?.destroy();
  const start = performance.now();
  await one.neighbours.idle(10_000);
  expect(performance.now() - start).toBeLessThan(5_000);
});

it('answers itself for a worker that is gone, or goes before it answers', async () => {
  await using workers = await startTwo();
  const { directory, one, two } = workers;
  const silent = ask(one.port, '2.a', { path: '/silent', body: 'x' });
  const slow = ask(one.port, '2.a', { path: '/slow' });
  slow.catch(() => undefined);
  await eventually(() => two.asked.length === 2);
  const waiting = expect(slow).rejects.toThrow('aborted');
  // Its own answer to `/silent` would never come: what counts is that it was asked.
  silent.catch(() => undefined);
  await two[Symbol.asyncDispose]();
  await waiting;
  await eventually(() => one.asked.some(({ head }) => head.path === '/silent'));

  // Of a body nothing may be left then, and an unknown session needs none.
  expect((await ask(one.port, '2.a', { body: 'x' })).text).toMatch(/^1 /);
  expect((await ask(one.port, '77.a')).text).toBe('1 ');
  const { came } = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => came.text.endsWith('\r\n\r\n1 '));
  // As after a kill, where the file stays.
  const left = createServer().listen({ path: join(directory, '2', '0') });
  await once(left, 'listening');
  left.close();
  expect((await ask(one.port, '2.a')).text).toBe('1 ');
});

it('is idle once it carries nothing for the others, and after the time it is given', async () => {
  await using workers = await startTwo();
  const { one, two } = workers;
  const own = await send(one.port, `GET /s?sid=1.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => one.sockets.length === 1);
  await one.neighbours.idle(60_000);
  const carried = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 1);
  const start = performance.now();
  await one.neighbours.idle(200);
  expect(performance.now() - start).toBeGreaterThan(190);
  const idle = one.neighbours.idle(60_000);
  carried.socket.destroy();
  await idle;
  own.socket.destroy();

  // What is not over by then ends with the worker.
  const late = await send(one.port, `GET /s?sid=2.a HTTP/1.1\r\n${UPGRADE}`);
  await eventually(() => two.sockets.length === 2);
  await one[Symbol.asyncDispose]();
  await eventually(() => late.came.ended);
});
