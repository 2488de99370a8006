import { TrunklineError } from '@trunkline/protocol';
import { builtInContract, defineContract } from '@trunkline/protocol/contract';
import type { Principal } from '@trunkline/server';
import { expect, test } from 'vitest';
import { falconDialect } from '../src/falcon/index.js';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { open } from './support/clients.js';
import { RefusedUpgrade } from './support/speak-web-socket.js';
import { type StartedHub, startHub } from './support/start-hub.js';

const CHAT = '/v1/ws/chat?conversation_id=550e8400-e29b-41d4-a716-446655440000';
const FALCON = '/websocket/connect';
const ALICE = '123e4567-e89b-12d3-a456-426614174000';
const headers = { Authorization: 'Bearer t' };

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter?: string | undefined;
  readonly authenticate?: string | undefined;
}

async function upgrade(served: StartedHub, path: string): Promise<Answer> {
  const error = await open(served, path, { headers }).catch((reason: unknown) => reason);
  if (!(error instanceof RefusedUpgrade)) throw new Error('It was let in.', { cause: error });
  const { 'retry-after': retryAfter, 'www-authenticate': authenticate } = error.headers;
  return { status: error.status, body: JSON.parse(error.body), retryAfter, authenticate };
}

async function request(served: StartedHub, path: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${served.port}${path}`, { headers });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const read = (name: string) => response.headers.get(name) ?? undefined;
  return {
    status: response.status,
    body: await response.json(),
    retryAfter: read('retry-after'),
    authenticate: read('www-authenticate'),
  };
}

const said = (code: string, message = code) => ({ type: 'error', data: { code, message } });
const error = (code: string, retryAfterMs?: number) =>
  new TrunklineError(code, code, retryAfterMs === undefined ? {} : { retryAfterMs });

test.each<[string, string, Error, Answer]>([
  [
    'secureconnect',
    CHAT,
    error('token_expired'),
    { status: 401, body: { error: 'unauthorized' }, authenticate: 'Bearer' },
  ],
  [
    'secureconnect',
    CHAT,
    error('token_revoked'),
    { status: 401, body: { error: 'unauthorized' }, authenticate: 'Bearer' },
  ],
  ['secureconnect', CHAT, error('forbidden'), { status: 403, body: { error: 'forbidden' } }],
  [
    'secureconnect',
    CHAT,
    error('rate_limited', 1_001),
    { status: 429, body: { error: 'too many connections' }, retryAfter: '2' },
  ],
  ['secureconnect', CHAT, error('unavailable'), { status: 503, body: { error: 'unavailable' }, retryAfter: '5' }],
  ['secureconnect', CHAT, new Error('secret'), { status: 503, body: { error: 'unavailable' }, retryAfter: '5' }],
  ['secureconnect', CHAT, error('account_closed'), { status: 500, body: { error: 'internal' } }],
  ['falcon', FALCON, error('token_expired'), { status: 401, body: said('token_expired'), authenticate: 'Bearer' }],
  ['falcon', FALCON, error('account_closed'), { status: 401, body: said('account_closed'), authenticate: 'Bearer' }],
  ['falcon', FALCON, error('forbidden'), { status: 403, body: said('forbidden') }],
  ['falcon', FALCON, error('rate_limited', 1_001), { status: 429, body: said('rate_limited'), retryAfter: '2' }],
  ['falcon', FALCON, error('unavailable', 500), { status: 503, body: said('unavailable'), retryAfter: '1' }],
  ['falcon', FALCON, new Error('secret'), { status: 503, body: said('internal', expect.any(String)), retryAfter: '5' }],
])('%s at %s answers "%s" alike to an upgrade and to a plain request', async (_, path, reason, answer) => {
  const errors: object[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
  const authenticate = () => Promise.reject(reason);
  await using served = await startHub([secureconnectDialect(), falconDialect()], {
    authenticator: { authenticate },
    logger,
  });
  for (const answered of [await upgrade(served, path), await request(served, path)]) {
    expect(answered).toEqual(answer);
    expect(JSON.stringify(answered.body)).not.toContain('secret');
  }
  // What a client may not see, the log has.
  expect(errors).toHaveLength(reason instanceof TrunklineError ? 0 : 2);
});

test('a contract without conversations is forbidden, not a broken server', async () => {
  const { conversation: _, ...rooms } = builtInContract.rooms;
  const contract = defineContract({ ...builtInContract, rooms });
  const principal: Principal = { userId: ALICE, roles: ['admin'], rooms: [], claims: {}, expiresAt: null };
  const authenticator = { authenticate: async () => principal };
  await using served = await startHub([secureconnectDialect()], { contract, authenticator });
  expect(await upgrade(served, CHAT)).toMatchObject({ status: 403, body: { error: 'forbidden' } });
});
