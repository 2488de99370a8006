import { expect, test } from 'vitest';
import { connect, startHub } from './start-hub.js';

test('receipts are cumulative and told to the room', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  await using bob = await connect(hub, 'bob');
  await ann.join('lobby:main');
  const { position } = await bob.join('lobby:main');
  await ann.publish('lobby:main', 'message', { text: '1' });
  bob.send({ type: 'read', id: 'r1', room: 'lobby:main', epoch: position.epoch, offset: 1, kind: 'read' });
  expect(await bob.nextOf('response')).toMatchObject({ id: 'r1' });
  expect(await ann.nextOf('receipt')).toMatchObject({ room: 'lobby:main', cursors: [{ userId: 'bob', read: 1 }] });
  await using eve = await connect(hub, 'eve');
  await eve.join('lobby:main');
  expect(await eve.nextOf('receipt')).toMatchObject({ room: 'lobby:main', cursors: [{ userId: 'bob', read: 1 }] });
});

test('receipts are counted for who asks, also in a room that is too large to be pushed them', async () => {
  await using hub = await startHub();
  await using ann = await connect(hub, 'ann');
  const { position } = await ann.join('lobby:main');
  const others = await Promise.all(Array.from({ length: 50 }, (_, n) => connect(hub, `u${n}`)));
  for (const other of others) await other.join('lobby:main');
  for (const text of ['1', '2', '3']) await ann.publish('lobby:main', 'message', { text });
  const { epoch } = position;
  const moved = [
    [ann, 'read', 3],
    [others[0], 'read', 3],
    [others[1], 'read', 1],
    [others[1], 'delivered', 3],
    [others[2], 'delivered', 2],
  ] as const;
  for (const [n, [client, kind, offset]] of moved.entries()) {
    client?.send({ type: 'read', id: `r${n}`, room: 'lobby:main', epoch, offset, kind });
    await client?.nextOf('response');
  }
  const counts = [];
  for (const offset of [1, 2, 3]) {
    ann.send({ type: 'receipts', id: `c${offset}`, room: 'lobby:main', offset });
    counts.push((await ann.nextOf('response')).data);
  }
  expect(counts).toEqual([
    { epoch, delivered: 3, read: 2 },
    { epoch, delivered: 3, read: 1 },
    { epoch, delivered: 2, read: 1 },
  ]);
  await expect(ann.nextOf('receipt', 300)).rejects.toThrow();
  await using eve = await connect(hub, 'eve');
  eve.send({ type: 'receipts', id: 'c', room: 'lobby:main', offset: 1 });
  expect(await eve.nextOf('error')).toMatchObject({ id: 'c', code: 'not_joined' });
  await Promise.all(others.map((other) => other.close()));
});
