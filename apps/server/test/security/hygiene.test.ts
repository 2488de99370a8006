import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectRaw, createFrameQueue, createTokenSigner, eventually, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { HASH, SECRET } from '../start-api.js';
import { startProcess } from '../start-process.js';
import { temporaryDirectory } from '../temporary-directory.js';

const BODY = 'the-words-of-a-message';
const PASSWORD = 'hunter2-is-a-password';
const UUID = '123e4567-e89b-12d3-a456-426614174000';
const token = createTokenSigner(SECRET);

/** A socket of any format; everything it is told is kept. */
async function speak(url: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
  const socket = new WebSocket(url, options.protocols ?? [], options.headers ? { headers: options.headers } : {});
  const frames = createFrameQueue<string>();
  const heard: string[] = [];
  socket.on('message', (data) => {
    heard.push(String(data));
    frames.push(String(data));
  });
  const ended = new Promise<void>((resolve) => {
    socket.on('close', (code, reason) => {
      heard.push(`close ${code} ${reason}`);
      frames.end(`closed with ${code}`);
      resolve();
    });
  });
  socket.on('upgrade', (response) => heard.push(JSON.stringify(response.headers)));
  socket.on('error', (error) => heard.push(error.message));
  await new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
  return {
    heard,
    ended,
    say: (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    take: (part: string) => frames.take((frame) => frame.includes(part), part),
    close: () => socket.close(),
  };
}

it('lets no token, password or message into a log, a metric, an error or a close, whatever is said where (S18)', async () => {
  await using redis = await startRedis();
  await using directory = await temporaryDirectory();
  const users = JSON.stringify([{ id: 'u1', name: 'ann', phone: '+1', hash: HASH, roles: ['admin'] }]);
  const backend = createServer((_, res) => res.writeHead(500).end(`{"stack":"${BODY}"}`)).listen(0, '127.0.0.1');
  await using server = startProcess({
    NODE_ENV: 'production',
    JWT_SECRET: SECRET,
    LOG_LEVEL: 'trace',
    REDIS_URL: redis.url,
    USERS_FILE: await directory.write('users.json', users),
    ACTIONS_URL: `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`,
    MAX_MESSAGE_BYTES: '65536',
  });
  const [, url = ''] = await server.printed(/listening at (http:\S+) \(all\)/);
  await eventually(async () => (await fetch(`${url}/readyz`)).status === 200);
  const ws = url.replace('http', 'ws');
  const admin = token('boss', { roles: ['admin'] });
  const answers: string[] = [];

  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${admin}`, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) answers.push(`${method} ${text} ${JSON.stringify([...answer.headers])}`);
    return text;
  };
  const event = { type: 'message', data: { text: BODY } };
  await ask('PUT', '/v1/relations', { object: 'booking:42', relation: 'owner', user: 'ann' });
  await ask('PUT', '/v1/relations', { object: 'group:fleet', relation: 'member', user: 'ann' });
  await ask('PUT', '/v1/relations', { object: `conversation:${UUID}`, relation: 'participant', user: UUID });

  // Every format: a good session, a frame that can not be read, and one that is wrong.
  const ann = token('ann', { company_id: 'acme' });
  const bearer = { headers: { authorization: `Bearer ${ann}` } };
  const canonical = await connectRaw({ url: ws, bearer: ann });
  await canonical.hello({ token: ann });
  await canonical.join('lobby:hall');
  await canonical.publish('lobby:hall', 'message', { text: BODY });
  const wrong = { room: 'lobby:hall', event: 'message', data: { text: { no: BODY } } };
  await expect(canonical.publish(wrong.room, wrong.event, wrong.data)).rejects.toThrow();
  canonical.send({ type: 'request', id: 'r1', action: 'echo', data: { BODY, PASSWORD, ann } });
  await canonical.nextWhere((frame) => 'id' in frame && frame.id === 'r1', 'answer');
  canonical.send({ type: 'refresh', id: 'r2', token: `${ann}x` });
  await canonical.nextWhere((frame) => 'id' in frame && frame.id === 'r2', 'answer');
  canonical.send({ type: 'presence', id: 's1', room: 'lobby:hall', state: { BODY } });

  const booking = await speak(`${ws}/ws?token=${ann}`);
  const shipvox = await speak(`${ws}/shipvox/ws?token=${ann}`);
  const falcon = await speak(`${ws}/websocket/connect`, bearer);
  const chat = await speak(`${ws}/v1/ws/chat?conversation_id=${UUID}&access_token=${token(UUID)}`);
  const actions = await speak(`${ws}/realtime/?EIO=4&transport=websocket&sessionId=s1`);
  booking.say({ type: 'join', room: 'booking:42' });
  await booking.take('joined_room');
  shipvox.say({ type: 'x', payload: BODY, timestamp: 1, requestId: 'q1' });
  shipvox.say({ type: 'auth', payload: { token: `${ann}x` }, timestamp: 1, requestId: 'q2' });
  await shipvox.take('q2');
  falcon.say({ type: 'message', room: 'group:fleet', data: { text: BODY } });
  await falcon.take(BODY);
  chat.say({ type: 'chat', content: BODY, is_encrypted: false, message_type: 'text' });
  await chat.take(BODY);
  actions.say(`40${JSON.stringify({ token: ann })}`);
  await actions.take('40');
  actions.say(
    `42${JSON.stringify(['message', JSON.stringify({ type: 'REQUEST', requestId: 'a1', action: 'echo', data: { BODY } })])}`,
  );
  await actions.take('a1');
  const others = [booking, shipvox, falcon, chat, actions];
  for (const one of others) {
    one.say(`{"${BODY}`);
    one.say({ type: BODY, room: 'group:none', token: ann, password: PASSWORD });
    one.say({ type: 'message', room: 'group:fleet', data: BODY, payload: { BODY } });
  }
  const refused = [
    `/ws?token=${ann}x`,
    `/shipvox/ws?token=${ann}x`,
    `/v1/ws/chat?conversation_id=${UUID}&access_token=${ann}x`,
    `/realtime/?EIO=4&transport=websocket&token=${ann}`,
    `/nothing?token=${ann}`,
  ];
  for (const path of refused) others.push(await speak(ws + path, { headers: { cookie: `falcon_auth_token=${ann}` } }));
  others.push(await speak(`${ws}/websocket/connect`, { headers: { authorization: `Bearer ${ann}x` } }));

  // Every route, right and wrong.
  const room = '/v1/rooms/lobby%3Ahall';
  const { ticket } = JSON.parse(await ask('POST', '/v1/tickets'));
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const [method, path, ...bodies] of [
    ['POST', `${room}/events`, event, { ...event, type: BODY }, { type: 'message', data: { text: { BODY } } }],
    ['POST', '/v1/events', { events: [{ room: 'lobby:hall', ...event }] }, [event]],
    ['GET', `${room}/events?limit=0&token=${admin}`],
    ['GET', `${room}/presence`],
    ['GET', `/v1/users/${BODY}/presence`],
    ['GET', '/v1/relations?object=booking%3A42'],
    ['PUT', '/v1/relations', { object: BODY, relation: BODY, user: ann }],
    ['DELETE', '/v1/relations', { object: 'booking:42', relation: 'owner' }],
    ['POST', '/websocket/broadcast', event, { type: 1, data: BODY }],
    ['GET', '/websocket/connections'],
    ['GET', '/websocket/rooms?limit=x'],
    ['GET', `/websocket/status?token=${admin}`],
    ['POST', '/api/v2/auth/login', { phone: '+1', password: PASSWORD }, { phone: '+1', password: { PASSWORD } }],
    ['POST', '/v1/tokens/revoke', { jti: 'x' }, { token: ann }],
    ['POST', '/v1/users/nobody/disconnect'],
    ['GET', `/test-token?token=${admin}`],
    ['GET', '/openapi.json'],
    ['PATCH', `${room}/events`, event],
    ['DELETE', room],
    ['GET', `/${BODY}?token=${admin}`],
  ] as const) {
    for (const body of bodies.length === 0 ? [undefined] : bodies) {
      await ask(method, path, body);
      await ask(method, path, body === undefined ? undefined : `{"${BODY}`, { authorization: `Bearer ${admin}x` });
      await ask(method, path, body === undefined ? undefined : `{"${BODY}`);
    }
  }
  await ask('POST', '/token', new URLSearchParams({ username: 'ann', password: PASSWORD }).toString(), form);
  await ask('POST', '/token', new URLSearchParams({ grant_type: ann, password: PASSWORD }).toString(), form);
  others.push(
    await speak(`${ws}/v1/connect?ticket=${ticket}x`, { protocols: ['trunkline.v1', `trunkline.bearer.${ann}`] }),
  );

  // What Redis says of a command that failed holds the command.
  for (const kind of ['log', 'meta', 'present', 'retained', 'receipts'])
    await redis.command('SET', `trunkline:{lobby:broken}:${kind}`, 'x');
  await redis.command('SET', 'trunkline:{booking:broken}:relations', BODY);
  await canonical.join('lobby:broken').catch(() => undefined);
  await expect(canonical.publish('lobby:broken', 'message', { text: BODY })).rejects.toThrow();
  await ask('POST', '/v1/rooms/lobby%3Abroken/events', event);
  await ask('PUT', '/v1/relations', { object: 'booking:broken', relation: 'owner', user: BODY });
  const metrics = await ask('GET', '/metrics');
  await redis.kill();
  await eventually(async () => (await (await fetch(`${url}/readyz`)).text()).includes('degraded'), {
    timeoutMs: 8_000,
  });
  await ask('POST', `${room}/events`, event);
  await canonical.publish('lobby:hall', 'message', { text: BODY }).catch(() => undefined);

  for (const one of others) one.close();
  await Promise.all(others.map((one) => one.ended));
  server.kill('SIGTERM');
  const { stdout, stderr } = await server.ended;
  backend.close();

  const secrets = new RegExp(`eyJ|tkt_|${PASSWORD}`);
  expect(stdout.split('\n').filter((line) => secrets.test(line) || line.includes(BODY))).toEqual([]);
  expect(stderr).toBe('');
  for (const line of ['connection closed', 'Redis is away']) expect(stdout).toContain(line);
  expect(metrics).toContain('trunkline_connections');
  for (const text of [metrics, ...answers]) expect(text).not.toMatch(secrets);
  for (const text of answers) expect(text).not.toContain(BODY);
  // What a format repeats to its own room is its purpose; a refusal or a close repeats nothing.
  const told = [...others.flatMap(({ heard }) => heard), ...canonical.seen.map((frame) => JSON.stringify(frame))];
  expect(told.filter((text) => secrets.test(text))).toEqual([]);
  expect(told.filter((text) => /error|close \d|ERROR/.test(text) && text.includes(BODY))).toEqual([]);
}, 40_000);
