import { createFrameQueue, freePort } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startWholeServer } from './start-server.js';

type Message = Readonly<Record<string, unknown>>;

async function open(url: string) {
  const socket = new WebSocket(url);
  const queue = createFrameQueue<Message>();
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data) => queue.push(JSON.parse(String(data))));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const next = (type: string) => queue.take((message) => message.type === type, type);
  return { next, closed, say: (message: Message) => socket.send(JSON.stringify(message)), close: () => socket.close() };
}

async function json(response: Response): Promise<Message> {
  return (await response.json()) as Message;
}

test('each document’s way in works on a port of its own: sign in there, connect there', async () => {
  const ports = { shipvox: await freePort(), booking: await freePort(), secureconnect: await freePort() };
  const LISTEN = Object.entries(ports)
    .map(([name, port]) => `${port}=${name}`)
    .join(',');
  await using server = await startWholeServer({ LISTEN });

  const form = new URLSearchParams({ username: 'user', password: 'password' });
  const shipvox = `127.0.0.1:${ports.shipvox}`;
  const issued = await json(await fetch(`http://${shipvox}/token`, { method: 'POST', body: form }));
  expect(issued).toMatchObject({ token_type: 'bearer', expires_in: 1_800 });
  const tested = await json(await fetch(`http://${shipvox}/test-token`));
  for (const { access_token } of [issued, tested]) {
    const client = await open(`ws://${shipvox}/ws?token=${access_token}`);
    client.say({ type: 'test', payload: { message: 'Hello world' }, timestamp: Date.now(), requestId: 'r-1' });
    expect(await client.next('test')).toMatchObject({ payload: { message: 'Hello world' }, requestId: 'r-1' });
    client.close();
  }
  const wrong = new URLSearchParams({ username: 'user', password: 'wrong' });
  expect((await fetch(`http://${shipvox}/token`, { method: 'POST', body: wrong })).status).toBe(401);
  expect(await (await open(`ws://${shipvox}/ws`)).closed).toBe(1008);

  const booking = `127.0.0.1:${ports.booking}`;
  const login = await fetch(`http://${booking}/api/v2/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ phone: '+966500000001', password: 'password123' }),
  });
  const { access_token } = await json(login);
  const customer = await open(`ws://${booking}/ws?token=${access_token}`);
  const { userId } = await customer.next('connected');
  customer.say({ type: 'join', room: `user:${userId}` });
  await customer.next('joined_room');
  const event = { type: 'status_update', data: { bookingId: '42', status: 'en_route' } };
  const published = await fetch(`${server.url}/v1/rooms/${encodeURIComponent(`user:${userId}`)}/events`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${await server.tokenFor('backend', 'service')}`,
    },
    body: JSON.stringify(event),
  });
  expect(published.ok).toBe(true);
  expect(await customer.next('status_update')).toMatchObject({ bookingId: '42', status: 'en_route' });
  customer.close();

  const chat = await fetch(`http://127.0.0.1:${ports.secureconnect}/v1/ws/chat`);
  expect({ status: chat.status, body: await json(chat) }).toEqual({
    status: 400,
    body: { error: 'conversation_id required' },
  });
});

test('pages may poll for actions as they may call the HTTP API: those of this machine in development, else those allowed', async () => {
  const ORIGIN = 'https://app.example.com';
  const production = { NODE_ENV: 'production', ALLOWED_ORIGINS: ORIGIN };
  for (const [environment, allowed, refused] of [
    [{}, ['http://localhost:5173', 'http://127.0.0.1:3000'], [ORIGIN, 'null']],
    [production, [ORIGIN], ['http://localhost:5173', `${ORIGIN}.evil.io`, 'null']],
  ] as const) {
    await using server = await startWholeServer(environment);
    for (const origin of [...allowed, ...refused]) {
      const answer = await fetch(`${server.url}/realtime/?EIO=4&transport=polling`, { headers: { origin } });
      const isAllowed = allowed.some((one) => one === origin);
      expect([origin, answer.headers.get('access-control-allow-origin')]).toEqual([origin, isAllowed ? origin : null]);
    }
  }
});

test('every dialect answers at its own path of the main port', async () => {
  await using server = await startWholeServer();
  const token = await server.tokenFor('123e4567-e89b-12d3-a456-426614174000', 'admin');
  const chat = 'conversation_id=550e8400-e29b-41d4-a716-446655440000';
  const booking = await open(`${server.socketUrl}/ws?token=${token}`);
  await booking.next('connected');
  const chatting = await open(`${server.socketUrl}/v1/ws/chat?${chat}&access_token=${token}`);
  await chatting.next('user_joined');
  const shipvox = await open(`${server.socketUrl}/shipvox/ws?token=${token}`);
  shipvox.say({ type: 'test', payload: 1, timestamp: 1, requestId: 'r' });
  await shipvox.next('test');
  const polled = await fetch(`${server.url}/realtime/?EIO=4&transport=polling`);
  expect(await polled.text()).toMatch(/^0\{"sid"/);
  for (const client of [booking, chatting, shipvox]) client.close();
});
