import { eventually } from '@trunkline/testkit';
import { io } from 'socket.io-client';
import { expect, test } from 'vitest';
import { ACME, connect, start } from './support/start-actions.js';

test('polling answers what is no Socket.IO with 400', async () => {
  await using served = await start();
  const status = async (query: string, init?: RequestInit) =>
    (await fetch(`http://127.0.0.1:${served.port}/realtime/${query}`, init)).status;
  expect(await status('')).toBe(400);
  expect(await status('?EIO=4&transport=carrier-pigeon')).toBe(400);
  expect(await status('?EIO=4&transport=polling&sid=nobody')).toBe(400);
  expect(await status('?EIO=4&transport=polling', { method: 'POST', body: '40' })).toBe(400);
});

test('a session of polling counts for its address until it ends or a socket takes its place', async () => {
  await using served = await start(undefined, { connectionsPerAddress: 2 });
  const poll = () => fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=polling`);
  await using _alice = await connect(served, 'alice', { transports: ['websocket'] });
  const bob = await connect(served, 'bob', { transports: ['polling'] });
  const refused = await poll();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  expect(await refused.json()).toMatchObject({ status: 429, detail: 'Too many connections from this address.' });
  expect((await fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=carrier-pigeon`)).status).toBe(400);

  await bob[Symbol.asyncDispose]();
  await eventually(() => served.hub.status().connections === 1);
  await eventually(async () => (await poll()).status === 200);
});

test('a socket that takes the place of polling counts once', async () => {
  await using served = await start(undefined, { connectionsPerAddress: 2 });
  const auth = { token: await served.token('alice', ACME) };
  const options = { path: '/realtime', forceNew: true, auth, query: { sessionId: 's' } };
  const alice = io(`http://127.0.0.1:${served.port}`, options);
  await new Promise((resolve) => alice.io.engine.once('upgrade', resolve));
  await using _bob = await connect(served, 'bob', { transports: ['polling'] });
  const poll = () => fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=polling`);
  expect((await poll()).status).toBe(429);
  alice.disconnect();
  await eventually(async () => (await poll()).status === 200);
});

test('a hub that drains begins no session of polling', async () => {
  await using served = await start();
  await using _alice = await connect(served, 'alice');
  const drained = served.hub.drain({ windowMs: 100, deadlineMs: 1_000 });
  const response = await fetch(`http://127.0.0.1:${served.port}/realtime/?EIO=4&transport=polling`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  await drained;
});

test('another method than those of polling is 405, with Allow', async () => {
  await using served = await start();
  for (const query of ['', '?EIO=4&transport=polling']) {
    const response = await fetch(`http://127.0.0.1:${served.port}/realtime/${query}`, { method: 'PUT' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
  }
});
