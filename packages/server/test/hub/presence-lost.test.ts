import { connectRaw, eventually } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { createMemoryBroker } from '../../src/broker/memory-broker.js';
import { createMemoryPresenceStore } from '../../src/presence/memory-presence-store.js';
import type { BrokerEvents } from '../../src/seams/broker.js';
import { startHub } from './start-hub.js';

it('enters again whom the store lost while it kept the lease, as a failover to a late replica does', async () => {
  const memory = createMemoryBroker();
  const presence = createMemoryPresenceStore();
  let events: BrokerEvents | undefined;
  const start = async (listener: BrokerEvents) => {
    events = listener;
    await memory.start(listener);
  };
  const broker = Object.create(memory, { start: { value: start } });
  await using hub = await startHub({ broker, presence });
  await using client = await connectRaw(hub);
  await client.hello({ token: await hub.token('ada'), rooms: [{ room: 'lobby:main' }] });
  await client.nextOf('joined');
  const members = async () => (await presence.list('lobby:main')).members;
  client.send({ type: 'presence', id: 's1', room: 'lobby:main', state: { busy: true } });
  await client.nextOf('response');
  const [ada] = await members();
  await presence.remove('lobby:main', ada?.connectionIds[0] ?? '');
  expect(await members()).toEqual([]);
  events?.suspect(null);
  await eventually(async () => (await members()).length === 1);
  expect(await members()).toMatchObject([{ userId: 'ada', state: { busy: true } }]);
});

it('keeps who joins again while the store still has to take the leave', async () => {
  const presence = createMemoryPresenceStore();
  let takeLeave = () => {};
  let hasLeft = false;
  const late = new Promise<void>((resolve) => {
    takeLeave = resolve;
  });
  const remove = async (room: string, connectionId: string) => {
    await late;
    const change = await presence.remove(room, connectionId);
    hasLeft = true;
    return change;
  };
  await using hub = await startHub({ presence: Object.create(presence, { remove: { value: remove } }) });
  await using client = await connectRaw(hub);
  await client.hello({ token: await hub.token('ada'), rooms: [{ room: 'lobby:main' }] });
  await client.nextOf('joined');
  client.send({ type: 'leave', id: 'l1', room: 'lobby:main' });
  await client.nextOf('response');
  client.send({ type: 'join', id: 'j1', room: 'lobby:main' });
  await client.nextOf('joined');
  takeLeave();
  await eventually(() => hasLeft);
  await eventually(async () => (await presence.list('lobby:main')).members.length === 1);
});
