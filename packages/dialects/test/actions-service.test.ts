import { canonicalDialect } from '@trunkline/server';
import { expect, test } from 'vitest';
import { actionsDialect, actionsService, type Update } from '../src/actions/index.js';
import { connectActions } from '../src/actions/speaker.js';
import { connectSdk } from './support/clients.js';
import { startHub } from './support/start-hub.js';

const ACME = { company_id: 'acme' };
const start = () => startHub([actionsDialect(), canonicalDialect()]);

test.each([
  ['is nothing', undefined],
  ['has no action', { data: 1 }],
  ['has an empty action', { action: '' }],
  ['has too long an action', { action: 'x'.repeat(129) }],
  ['is no update', { type: 'RESPONSE', action: 'x' }],
  ['has an empty requestId', { action: 'x', requestId: '' }],
])('an update that %s is invalid_data', async (_, update) => {
  await using served = await start();
  const sent = actionsService(served.hub).sendUpdate('acme', update as Update);
  await expect(sent).rejects.toMatchObject({ code: 'invalid_data' });
});

test.each([
  ['a/b', undefined],
  ['a b', undefined],
  ['acme', 'doc 7'],
])('an update to the company %o and artifact %o is invalid_room', async (companyId, artifactId) => {
  await using served = await start();
  const sent = actionsService(served.hub).sendUpdate(companyId, { action: 'x' }, artifactId);
  await expect(sent).rejects.toMatchObject({ code: 'invalid_room' });
});

test('an update may be an action alone: it has null as data, an id of its own and the service as sender', async () => {
  await using served = await start();
  await using alice = await connectActions(served.port, { token: await served.token('alice', ACME) });
  await using sdk = await connectSdk(served, 'bob', ['company:acme'], ACME);
  await actionsService(served.hub).sendUpdate('acme', { action: 'ping' });
  const event = await sdk.nextOf('event');
  expect(event).toMatchObject({ data: { action: 'ping', data: null }, from: { service: 'actions' } });
  expect(await alice.take(({ type }) => type === 'UPDATE', 'UPDATE')).toEqual({
    type: 'UPDATE',
    requestId: event.id,
    action: 'ping',
    data: null,
  });
});
