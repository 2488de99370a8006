import { expect, test } from 'vitest';
import { actionsService } from '../src/actions/index.js';
import { connectActions } from '../src/actions/speaker.js';
import { connectSdk } from './support/clients.js';
import { ACME, connect, request, start } from './support/start-actions.js';

test('sendUpdate reaches the company, or one artifact of it, and nobody outside', async () => {
  await using served = await start();
  await using alice = await connect(served, 'alice');
  await using editor = await connect(served, 'ed', { artifactId: 'doc-7' });
  const token = await served.token('mallory', { company_id: 'evil' });
  await using outsider = await connectActions(served.port, { token, artifactId: 'doc-7' });
  await using slash = await connectActions(served.port, {
    token: await served.token('s', { company_id: 'acme/doc-7' }),
    artifactId: 'x',
  });
  const { sendUpdate } = actionsService(served.hub);
  await sendUpdate('acme', { type: 'UPDATE', requestId: 'u-1', action: 'artifactUpdate', data: { n: 1 } }, 'doc-7');
  await sendUpdate('acme', { type: 'UPDATE', requestId: 'u-2', action: 'companyUpdate', data: { n: 2 } });
  const update = { type: 'UPDATE', requestId: 'u-2', action: 'companyUpdate', data: { n: 2 } };
  expect(await alice.take(({ requestId }) => requestId === 'u-2', 'u-2')).toEqual(update);
  expect(await editor.take(({ requestId }) => requestId === 'u-2', 'u-2')).toEqual(update);
  expect(editor.seen).toHaveLength(2);
  expect(alice.seen).toHaveLength(1);
  for (const client of [outsider, slash]) {
    client.send(request('echo', {}));
    await client.take(({ type }) => type === 'RESPONSE', 'RESPONSE');
    expect(client.seen).toHaveLength(1);
  }
  await expect(sendUpdate('acme/doc-7', { action: 'x' })).rejects.toThrow(/slash/);
});

test('company updates reach the SDK and Socket.IO clients alike', async () => {
  await using served = await start();
  await using alice = await connect(served, 'alice');
  await using sdk = await connectSdk(served, 'bob', ['company:acme'], ACME);
  await served.hub.publish({
    rooms: ['company:acme'],
    event: 'update',
    data: { action: 'statusChange', data: { status: 'completed' } },
  });
  expect(await alice.take(({ type }) => type === 'UPDATE', 'UPDATE')).toMatchObject({ action: 'statusChange' });
  expect(await sdk.nextOf('event')).toMatchObject({ event: 'update', data: { action: 'statusChange' } });
  await served.hub.broadcast('system_notification', { text: 'noon' });
  expect(await alice.take(({ action }) => action === 'system_notification', 'broadcast')).toMatchObject({
    data: { text: 'noon' },
  });
});
