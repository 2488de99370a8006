import { expect, test } from 'vitest';
import { connectBearer, next, refusal } from './support/clients.js';
import { ALICE, CHAT, join, OTHER, PATH, start } from './support/start-secureconnect.js';

test('refuses before the upgrade with the documented status and body', async () => {
  await using served = await start();
  const bearer = async (userId: string, claims = {}) => ({
    Authorization: `Bearer ${await served.token(userId, claims)}`,
  });
  const alice = await bearer(ALICE);
  const missing = { status: 400, body: { error: 'conversation_id required' } };
  expect(await refusal(served, PATH, alice)).toEqual(missing);
  expect(await refusal(served, `${PATH}?conversation_id=`, alice)).toEqual(missing);
  expect(await refusal(served, `${PATH}?conversation_id=no-uuid`, alice)).toEqual(missing);
  const unauthorized = { status: 401, body: { error: 'unauthorized' } };
  expect(await refusal(served, CHAT)).toEqual(unauthorized);
  expect(await refusal(served, CHAT, { Authorization: 'Bearer x' })).toEqual(unauthorized);
  expect(await refusal(served, CHAT, await bearer(ALICE, { exp: 1 }))).toEqual(unauthorized);
  const invalidUser = { status: 500, body: { error: 'invalid user_id' } };
  expect(await refusal(served, CHAT, await bearer('alice'))).toEqual(invalidUser);
  expect(await refusal(served, CHAT, await bearer('root', { roles: ['admin'] }))).toEqual(invalidUser);
  const forbidden = { status: 403, body: { error: 'forbidden' } };
  expect(await refusal(served, `${PATH}?conversation_id=${OTHER}`, alice)).toEqual(forbidden);
  const plain = async (path: string, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${served.port}${path}`, { headers });
    return { status: response.status, body: response.status === 426 ? null : await response.json() };
  };
  expect(await plain(PATH, alice)).toEqual(missing);
  expect(await plain(CHAT)).toEqual(unauthorized);
  expect(await plain(CHAT, await bearer('alice'))).toEqual(invalidUser);
  expect(await plain(CHAT, alice)).toEqual({ status: 426, body: null });
  const { headers } = await fetch(`http://127.0.0.1:${served.port}${CHAT}`, { headers: alice });
  expect(headers.get('sec-websocket-version')).toBe('13');
  expect(served.hub.status().connections).toBe(0);
});

test('says when another try may do to a user with too many connections', async () => {
  await using served = await start({ limits: { connectionsPerUser: 1 } });
  await using _first = await join(served, ALICE);
  await expect(connectBearer(served, CHAT, await served.token(ALICE))).rejects.toMatchObject({
    status: 429,
    headers: { 'retry-after': '5' },
  });
});

test('another method than GET is 405, whoever asks', async () => {
  await using served = await start();
  const headers = { Authorization: `Bearer ${await served.token(ALICE)}` };
  for (const [path, init] of [
    [PATH, {}],
    [CHAT, { headers }],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${served.port}${path}`, { ...init, method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  }
});

test('takes the token by query too', async () => {
  await using served = await start();
  expect(await refusal(served, `${CHAT}&access_token=x`)).toMatchObject({ status: 401 });
  await using alice = await connectBearer(served, `${CHAT}&access_token=${await served.token(ALICE)}`, '');
  expect(await next(alice, 'user_joined')).toMatchObject({ sender_id: ALICE });
});
