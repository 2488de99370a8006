import { once } from 'node:events';
import { TrunklineError } from '@trunkline/protocol';
import { builtInContract, defineContract } from '@trunkline/protocol/contract';
import { canonicalDialect, type Principal } from '@trunkline/server';
import { expect, test } from 'vitest';
import { bookingDialect } from '../src/booking/index.js';
import { shipvoxDialect } from '../src/shipvox/index.js';
import { clientMessages, relayedMessageSchema, serverMessageSchema } from '../src/shipvox/schema.js';
import { connect, connectSdk, next, say } from './support/clients.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const start = () => startHub([shipvoxDialect(), canonicalDialect()]);
const envelope = (type: string, payload: unknown, requestId = `r-${type}`) => ({
  type,
  payload,
  timestamp: Date.now(),
  requestId,
});

const failure = (code: string) => new TrunklineError(code, code);

/** A connection that has heard itself, and so is in the room. */
async function join(served: StartedHub, userId: string) {
  const client = await connect(served, '/shipvox/ws', await served.token(userId));
  say(client, envelope('test', 'ready', `ready-${userId}`));
  await client.take((message) => message.requestId === `ready-${userId}`, 'itself');
  return client;
}

test('relays every documented type to all clients, the sender too, with the sender’s user', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  await using bob = await join(served, 'bob');
  for (const type of Object.keys(clientMessages).filter((name) => name !== 'auth')) {
    say(alice, { ...envelope(type, { of: type }), user: 'mallory' });
    for (const client of [alice, bob]) {
      const message = relayedMessageSchema.parse(await client.take(({ requestId }) => requestId === `r-${type}`, type));
      expect(message).toMatchObject({ type, payload: { of: type }, requestId: `r-${type}`, user: 'alice' });
      expect(Math.abs(message.timestamp - Date.now())).toBeLessThan(5_000);
    }
  }
});

test('closes 1008 after the upgrade for a missing, wrong or expired token and one of another algorithm', async () => {
  await using served = await start();
  const none = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"alice"}')}.`.replaceAll('=', '');
  for (const token of [undefined, 'x', none, await served.token('alice', { exp: 1 })]) {
    const client = await connect(served, '/shipvox/ws', token);
    expect(await client.ended).toBe('1008');
  }
});

test.each([
  ['/shipvox/ws', failure('unavailable'), [1011, 'unavailable']],
  ['/shipvox/ws', failure('account_closed'), [1008, 'account_closed']],
  ['/ws', failure('too_many_connections'), [1011, 'too_many_connections']],
  ['/ws', failure('token_revoked'), [1008, 'token_revoked']],
  ['/ws', new Error('a secret'), [1011, 'internal']],
])('%s closes after the upgrade by whether another try may do: "%s" is %j', async (path, reason, ending) => {
  const authenticator = { authenticate: () => Promise.reject(reason) };
  await using served = await startHub([shipvoxDialect(), bookingDialect()], { authenticator });
  const { socket } = await connect(served, path, 't');
  const [code, text] = await once(socket, 'close');
  expect([code, String(text)]).toEqual(ending);
});

test('closes 1008 when the token of an open connection ends', async () => {
  await using served = await start();
  const exp = Math.floor(Date.now() / 1_000) - 3;
  const client = await connect(served, '/shipvox/ws', await served.token('alice', { exp }));
  expect(await client.ended).toBe('1008');
});

test('auth refreshes the token in place and tells its seconds', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  const token = await served.token('alice', { exp: Math.floor(Date.now() / 1_000) + 1_200 });
  say(alice, envelope('auth', { token }, 'refresh-1'));
  const answer = serverMessageSchema.parse(await next(alice, 'auth'));
  expect(answer).toMatchObject({ requestId: 'refresh-1', payload: { expires_in: expect.closeTo(1_200, -1) } });
  say(alice, envelope('test', 'still here'));
  await next(alice, 'test');
});

test('auth with another subject or a bad token is an error', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  say(alice, envelope('auth', { token: 'x' }, 'bad'));
  expect(await next(alice, 'error')).toMatchObject({ requestId: 'bad', payload: { code: 'unauthenticated' } });
  say(alice, envelope('auth', { token: await served.token('bob') }, 'other'));
  expect(await next(alice, 'error')).toMatchObject({ requestId: 'other', payload: { code: 'subject_changed' } });
  say(alice, envelope('test', 'still alice'));
  await alice.take(({ payload, user }) => payload === 'still alice' && user === 'alice', 'its own message');
});

test('auth refreshes the token of a user whom the authenticator calls by another claim than the subject', async () => {
  await using issuer = await start();
  const exp = Math.floor(Date.now() / 1_000) + 1_200;
  const authenticate = async (token: string): Promise<Principal> => {
    const principal = await issuer.hub.authenticate(token);
    return { ...principal, userId: String(principal.claims.email) };
  };
  await using served = await startHub([shipvoxDialect()], { authenticator: { authenticate } });
  const token = (claims: object) => served.token('subject-7', { email: 'alice@example.com', ...claims });
  await using alice = await connect(served, '/shipvox/ws', await token({}));
  say(alice, envelope('auth', { token: await token({ exp }) }, 'refresh'));
  expect(await next(alice, 'auth')).toMatchObject({ requestId: 'refresh' });
  say(alice, envelope('auth', { token: await served.token('subject-8') }, 'other'));
  expect(await next(alice, 'error')).toMatchObject({ requestId: 'other', payload: { code: 'subject_changed' } });
});

test.each([
  ['of a minute', 60_000, 60],
  ['that does not end', null, null],
])('auth tells the seconds of a token %s, whatever its form', async (_, inMs, seconds) => {
  const authenticate = async (): Promise<Principal> => ({
    userId: 'alice',
    roles: [],
    rooms: [],
    claims: {},
    expiresAt: inMs === null ? null : Date.now() + inMs,
  });
  await using served = await startHub([shipvoxDialect()], { authenticator: { authenticate } });
  await using alice = await connect(served, '/shipvox/ws', 'opaque');
  for (const token of ['opaque', 'a.bnVsbA.c', 'a.WzFd.c', `a.${btoa('{"sub":"bob"}')}.c`]) {
    say(alice, envelope('auth', { token }, token));
    const { payload, requestId } = serverMessageSchema.parse(await next(alice, 'auth'));
    const expected = seconds === null ? null : expect.closeTo(seconds, -1);
    expect({ payload, requestId }).toEqual({ payload: { expires_in: expected }, requestId: token });
  }
});

test('a hub call reaches one client as client_tool_call and its client_tool_result settles it', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  await using bob = await join(served, 'bob');
  const { entries } = await served.hub.history('shipvox:all', { limit: 1 });
  const from = entries[0]?.from;
  const connectionId = from && 'connectionId' in from && from.connectionId ? from.connectionId : '';
  const result = served.hub.call({ connectionId }, 'client_tool_call', { tool: 'get_zip' });
  const call = serverMessageSchema.parse(await next(bob, 'client_tool_call'));
  expect(call.payload).toEqual({ tool: 'get_zip' });
  say(alice, envelope('client_tool_result', 'not mine to answer', call.requestId));
  expect(await next(bob, 'client_tool_result')).toMatchObject({ user: 'alice', requestId: call.requestId });
  say(bob, envelope('client_tool_result', { zip: '10115' }, call.requestId));
  expect(await result).toEqual({ zip: '10115' });
  say(bob, envelope('client_tool_result', { again: true }, call.requestId));
  await alice.take(({ payload }) => JSON.stringify(payload) === '{"again":true}', 'the relayed repetition');
});

test('meets the SDK in shipvox:all, both ways', async () => {
  await using served = await start();
  await using alice = await join(served, 'alice');
  await using sdk = await connectSdk(served, 'carol', ['shipvox:all']);
  await sdk.publish('shipvox:all', 'message', {
    type: 'quote_ready',
    payload: { price: 9 },
    requestId: 'q-1',
    user: 'mallory',
  });
  expect(await next(alice, 'quote_ready')).toMatchObject({ payload: { price: 9 }, requestId: 'q-1', user: 'carol' });
  say(alice, envelope('label_created', { label: 'L' }));
  const frame = await sdk.nextWhere(
    (one) => one.type === 'event' && JSON.stringify(one.data).includes('label_created'),
    'event',
  );
  expect(frame).toMatchObject({
    data: { type: 'label_created', payload: { label: 'L' }, user: 'alice' },
    from: { userId: 'alice' },
  });
});

test('with scope user only the sender’s own connections get what it sends', async () => {
  await using served = await startHub([shipvoxDialect({ scope: 'user' })]);
  await using phone = await join(served, 'alice');
  await using desk = await join(served, 'alice');
  await using bob = await join(served, 'bob');
  say(phone, envelope('zip_collected', '10115'));
  await next(desk, 'zip_collected');
  say(bob, envelope('quote_ready', 1));
  await next(bob, 'quote_ready');
  expect(bob.seen.some(({ type }) => type === 'zip_collected')).toBe(false);
});

test('scope user refuses a user whose own room has no name', async () => {
  await using served = await startHub([shipvoxDialect({ scope: 'user' })]);
  const { socket } = await connect(served, '/shipvox/ws', await served.token('auth0|5f7c'));
  const [code, text] = await once(socket, 'close');
  expect([code, String(text)]).toEqual([1008, 'forbidden']);
});

test('scope user is content with a contract that lets users join their own room alone', async () => {
  const { rooms } = builtInContract;
  const contract = defineContract({
    ...builtInContract,
    rooms: { ...rooms, shipvox: { ...rooms.shipvox, join: ['self'] } },
  });
  await using served = await startHub([shipvoxDialect({ scope: 'user' }), canonicalDialect()], { contract });
  await using alice = await join(served, 'alice');
  await using sdk = await connectSdk(served, 'alice', ['shipvox:alice']);
  say(alice, envelope('zip_collected', '10115'));
  await sdk.nextWhere((frame) => frame.type === 'event' && JSON.stringify(frame.data).includes('10115'), 'event');
});

test('with scope user what is received is observed as with any other', async () => {
  const received: unknown[] = [];
  const observer = { frameReceived: (dialect: string, bytes: number) => void received.push([dialect, bytes]) };
  await using served = await startHub([shipvoxDialect({ scope: 'user' })], { observer });
  await using alice = await connect(served, '/shipvox/ws', await served.token('alice'));
  const text = JSON.stringify(envelope('test', 'seen'));
  alice.send(text);
  await next(alice, 'test');
  expect(received).toEqual([['shipvox', text.length]]);
});
