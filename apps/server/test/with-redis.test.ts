import { connectRaw, eventually, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { fieldsOf, HASH, SECRET } from './start-api.js';
import { startProcess } from './start-process.js';
import { headersFor, isReady, startWholeServer } from './start-server.js';
import { temporaryDirectory } from './temporary-directory.js';

it('delivers over two nodes, whichever is asked', async () => {
  await using redis = await startRedis();
  await using one = await startWholeServer({ REDIS_URL: redis.url });
  await using two = await startWholeServer({ REDIS_URL: redis.url });
  for (const { url } of [one, two]) await eventually(() => isReady(url));
  await using client = await connectRaw({ url: two.socketUrl });
  await client.hello({ token: await one.tokenFor('ann') });
  await client.join('lobby:hall');
  const body = JSON.stringify({ type: 'message', data: { text: 'hi' } });
  const headers = headersFor(await one.tokenFor('backend', 'service'));
  const { id } = await fieldsOf(
    await fetch(`${one.url}/v1/rooms/lobby%3Ahall/events`, { method: 'POST', headers, body }),
  );
  expect(await client.nextOf('event')).toMatchObject({ id, offset: 1, data: { text: 'hi' } });
  const admin = headersFor(await one.tokenFor('boss', 'admin'));
  await eventually(async () => {
    const { connections } = await fieldsOf(await fetch(`${one.url}/websocket/connections`, { headers: admin }));
    return Array.isArray(connections) && connections.length === 1;
  });
  await fetch(`${one.url}/v1/users/ann/disconnect`, {
    method: 'POST',
    headers: { authorization: admin.authorization },
  });
  expect(await client.closed).toMatchObject({ code: 4502 });
});

it('ends what is older, also where the clocks of nodes differ by minutes', async () => {
  await using redis = await startRedis();
  const skew = 'const now = Date.now; Date.now = () => now() + 300_000';
  const environment = { REDIS_URL: redis.url, JWT_SECRET: SECRET };
  await using odd = startProcess({
    ...environment,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(skew)}`,
  });
  await using one = await startWholeServer(environment);
  const [, port = ''] = await odd.printed(/http:\/\/127\.0\.0\.1:(\d+)/);
  const there = `http://127.0.0.1:${port}`;
  for (const url of [one.url, there]) await eventually(() => isReady(url), { timeoutMs: 15_000 });
  const sockets = [one.socketUrl, `ws://127.0.0.1:${port}`];
  for (const [from, to] of [sockets, [...sockets].reverse()]) {
    const token = await one.tokenFor('ann');
    await using first = await connectRaw({ url: `${from}/v1/connect` });
    const { session } = await first.hello({ token });
    await using second = await connectRaw({ url: `${to}/v1/connect` });
    await second.hello({ token, session });
    expect((await first.closed).code).toBe(4500);
    const admin = { authorization: `Bearer ${await one.tokenFor('boss', 'admin')}` };
    const at = to === one.socketUrl ? there : one.url;
    await fetch(`${at}/v1/users/ann/disconnect`, { method: 'POST', headers: admin });
    expect((await second.closed).code).toBe(4502);
  }
});

it('redeems a ticket of one node on another, and refuses a token there that was revoked here', async () => {
  await using redis = await startRedis();
  await using one = await startWholeServer({ REDIS_URL: redis.url });
  await using two = await startWholeServer({ REDIS_URL: redis.url });
  for (const { url } of [one, two]) await eventually(() => isReady(url));
  const token = await one.tokenFor('ann', 'admin');
  const { ticket } = await fieldsOf(
    await fetch(`${one.url}/v1/tickets`, { method: 'POST', headers: { authorization: `Bearer ${token}` } }),
  );
  await using client = await connectRaw({ url: `${two.socketUrl}/v1/connect?ticket=${ticket}` });
  expect(await client.hello()).toMatchObject({ userId: 'ann' });
  const boss = headersFor(await one.tokenFor('boss', 'admin'));
  await fetch(`${one.url}/v1/tokens/revoke`, {
    method: 'POST',
    headers: boss,
    body: JSON.stringify({ subject: 'ann' }),
  });
  await eventually(
    async () =>
      (await fetch(`${two.url}/websocket/rooms`, { headers: { authorization: `Bearer ${token}` } })).status === 401,
  );
});

it('counts guesses at one account over all nodes (S39)', async () => {
  await using redis = await startRedis();
  await using directory = await temporaryDirectory();
  const users = await directory.write('users.json', JSON.stringify([{ id: 'u1', name: 'ann', hash: HASH }]));
  await using one = await startWholeServer({ REDIS_URL: redis.url, USERS_FILE: users });
  await using two = await startWholeServer({ REDIS_URL: redis.url, USERS_FILE: users });
  for (const { url } of [one, two]) await eventually(() => isReady(url));
  const guess = async (url: string) =>
    (await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams({ username: 'ann', password: 'x' }) }))
      .status;
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) statuses.push(await guess(one.url), await guess(two.url));
  expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
});

it('takes in what other services publish, once', async () => {
  await using redis = await startRedis();
  await using one = await startWholeServer({ REDIS_URL: redis.url });
  await using two = await startWholeServer({ REDIS_URL: redis.url });
  for (const { url } of [one, two]) await eventually(() => isReady(url));
  await using client = await connectRaw({ url: two.socketUrl });
  await client.hello({ token: await one.tokenFor('boss', 'admin') });
  await client.join('booking:42');
  await redis.command(
    'PUBLISH',
    'booking:status',
    JSON.stringify({ bookingId: '42', userId: 'ann', status: 'en_route' }),
  );
  expect(await client.nextOf('event')).toMatchObject({
    room: 'booking:42',
    event: 'status_update',
    offset: 1,
    data: { bookingId: '42', status: 'en_route' },
  });
  const headers = headersFor(await one.tokenFor('boss', 'admin'));
  const { events } = await fieldsOf(await fetch(`${one.url}/v1/rooms/booking%3A42/events`, { headers }));
  expect(events).toHaveLength(1);
});

it('runs several workers on one port, and ends them all', async () => {
  await using redis = await startRedis();
  await using server = startProcess({ REDIS_URL: redis.url, WORKERS: '2', JWT_SECRET: SECRET });
  const [, url = ''] = await server.printed(/Address: (http:\S+)/);
  const [, token = ''] = await server.printed(/Admin token: (eyJ\S+)/);
  await eventually(() => isReady(url));
  const clients = await Promise.all([1, 2, 3, 4].map(() => connectRaw({ url: url.replace('http', 'ws') })));
  for (const client of clients) {
    await client.hello({ token });
    await client.join('lobby:hall');
  }
  await clients[0]?.publish('lobby:hall', 'message', { text: 'hi' });
  for (const client of clients) expect(await client.nextOf('event')).toMatchObject({ data: { text: 'hi' } });
  // Whichever worker is scraped tells the figures of both.
  for (let n = 0; n < 4; n++)
    expect(await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()).toMatch(
      /trunkline_connections\{dialect="[^"]+"\} 4\n/,
    );
  await Promise.all(clients.map((client) => client.close()));
  server.kill('SIGTERM');
  expect((await server.ended).status).toBe(0);
});

it('says what is wrong with the configuration once, however many workers come upon it', async () => {
  await using redis = await startRedis();
  await using server = startProcess({ REDIS_URL: redis.url, WORKERS: '3', USERS_FILE: '/no/such/file.json' });
  expect(await server.ended).toMatchObject({ status: 78, stderr: 'USERS_FILE: can not be read.\n' });
});
