import { createTokenIssuer } from '@trunkline/server';
import { createFrameQueue, eventually } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { fieldsOf, SECRET } from './start-api.js';
import { startProcess } from './start-process.js';

type Message = Readonly<Record<string, unknown>>;
const ORIGIN = 'https://app.example.com';
const issuer = createTokenIssuer({ secret: SECRET });
const tokenFor = async (userId: string, ...roles: string[]) => (await issuer.issue({ userId, roles })).token;

/** The deployable in production, which honours cookies from one page alone. */
async function start() {
  const server = startProcess({
    NODE_ENV: 'production',
    JWT_SECRET: SECRET,
    ALLOWED_ORIGINS: ORIGIN,
    LISTEN: '0=falcon',
  });
  const [, url = ''] = await server.printed(/listening at (http:\S+) \(all\)/);
  const [, documented = ''] = await server.printed(/listening at (http:\S+) \(falcon\)/);
  return { ...server, url, documented };
}

async function connect(url: string, headers: Readonly<Record<string, string>>) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/websocket/connect`, { headers });
  const queue = createFrameQueue<Message>();
  socket.on('message', (data) => queue.push(JSON.parse(String(data))));
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_, response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    socket.once('error', () => undefined);
  });
  const next = (type: string) => queue.take((message) => message.type === type, type);
  const say = (message: Message) => socket.send(JSON.stringify(message));
  return { status, next, say, end: () => socket.terminate() };
}

test('the cookie opens the socket from the allowed page, a header from anywhere, and nothing else does', async () => {
  await using server = await start();
  const token = await tokenFor('ann');
  const Cookie = `theme=dark; falcon_auth_token=${token}`;
  for (const url of [server.url, server.documented]) {
    for (const headers of [{ Cookie, Origin: ORIGIN }, { Authorization: `Bearer ${token}` }]) {
      const ann = await connect(url, headers);
      expect(ann.status).toBe(101);
      expect(await ann.next('room_joined')).toMatchObject({ room: 'user:ann' });
      ann.end();
    }
    const refused = await Promise.all(
      [
        {},
        { Cookie },
        { Cookie: 'falcon_auth_token=x', Origin: ORIGIN },
        { Authorization: 'Bearer x' },
        { Cookie, Origin: 'null' },
        { Cookie, Origin: `${ORIGIN}.evil.io` },
        { Cookie, Origin: ORIGIN.replace('https', 'http') },
      ].map(async (headers: Readonly<Record<string, string>>) => (await connect(url, headers)).status),
    );
    expect(refused).toEqual([401, 401, 401, 401, 403, 403, 403]);
  }
});

test('administrators list, page by page, move and tell the connections; the public status is all that others see', async () => {
  await using server = await start();
  const admin = { Authorization: `Bearer ${await tokenFor('root', 'admin')}`, 'Content-Type': 'application/json' };
  const ask = async (path: string, init: RequestInit = {}) => fetch(server.documented + path, init);
  const users = ['ann', 'ben', 'cid'];
  const clients = await Promise.all(
    users.map(async (user) => connect(server.url, { Authorization: `Bearer ${await tokenFor(user)}` })),
  );
  for (const client of clients) await client.next('room_joined');

  const seen: unknown[] = [];
  for (let cursor = ''; ; ) {
    const page = await fieldsOf(await ask(`/websocket/connections?limit=2${cursor}`, { headers: admin }));
    const connections = page.connections as Message[];
    expect(connections.length).toBeLessThanOrEqual(2);
    seen.push(...connections.map(({ userId }) => userId));
    if (page.next === null) break;
    cursor = `&cursor=${encodeURIComponent(String(page.next))}`;
  }
  expect(seen.sort()).toEqual(users);
  expect(await fieldsOf(await ask('/websocket/rooms?limit=2', { headers: admin }))).toMatchObject({
    rooms: [
      { room: 'user:ann', connections: 1 },
      { room: 'user:ben', connections: 1 },
    ],
    next: expect.any(String),
  });

  const relation = JSON.stringify({ object: 'group:fleet', relation: 'member', user: 'ann' });
  for (const [method, joined, told] of [
    ['PUT', true, 'room_joined'],
    ['DELETE', false, 'room_left'],
  ] as const) {
    await fetch(`${server.url}/v1/relations`, { method, headers: admin, body: relation });
    expect(await clients[0]?.next('group_membership_change')).toMatchObject({ data: { group_id: 'fleet', joined } });
    expect(await clients[0]?.next(told)).toMatchObject({ room: 'group:fleet' });
  }

  const body = JSON.stringify({ type: 'system_notification', data: { message: 'Restart at noon' } });
  expect((await ask('/websocket/broadcast', { method: 'POST', headers: admin, body })).ok).toBe(true);
  for (const client of clients)
    expect(await client.next('system_notification')).toMatchObject({ data: { message: 'Restart at noon' } });

  const user = { ...admin, Authorization: `Bearer ${await tokenFor('ann')}` };
  const anonymous = { 'Content-Type': 'application/json' };
  for (const [headers, status] of [
    [anonymous, 401],
    [user, 403],
  ] as const) {
    for (const path of ['/websocket/connections', '/websocket/rooms'])
      expect((await ask(path, { headers })).status).toBe(status);
    expect((await ask('/websocket/broadcast', { method: 'POST', headers, body })).status).toBe(status);
  }
  const open = await (await ask('/websocket/status')).text();
  expect(Object.keys(JSON.parse(open)).sort()).toEqual(['ready', 'status', 'timestamp']);
  expect(open).not.toMatch(/ann|ben|cid|fleet/);
  for (const client of clients) client.end();
  await eventually(async () => (await fieldsOf(await ask('/websocket/connections', { headers: admin }))).total === 0);
});

test('the lists show who lost a right out of its room from the moment at which it was told', async () => {
  await using server = await start();
  const admin = { Authorization: `Bearer ${await tokenFor('root', 'admin')}`, 'Content-Type': 'application/json' };
  const list = async (what: 'connections' | 'rooms') =>
    fieldsOf(await fetch(`${server.documented}/websocket/${what}`, { headers: admin }));
  const body = JSON.stringify({ object: 'group:fleet', relation: 'member', user: 'ann' });
  const change = (method: 'PUT' | 'DELETE') => fetch(`${server.url}/v1/relations`, { method, headers: admin, body });
  const ann = await connect(server.documented, { Authorization: `Bearer ${await tokenFor('ann')}` });
  await ann.next('room_joined');

  await change('PUT');
  await ann.next('room_joined');
  expect(await list('connections')).toMatchObject({ connections: [{ rooms: ['user:ann', 'group:fleet'] }] });
  await change('DELETE');
  await ann.next('room_left');
  expect(await list('connections')).toMatchObject({ connections: [{ rooms: ['user:ann'] }] });
  expect(await list('rooms')).toMatchObject({ rooms: [{ room: 'user:ann', connections: 1 }] });
  ann.end();
});
