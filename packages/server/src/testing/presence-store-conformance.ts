import assert from 'node:assert/strict';
import { createId } from '@trunkline/protocol';
import type { PresenceStore } from '../seams/presence-store.js';
import { settleUntil } from './settle-until.js';

/** Two nodes over one store, started; `abandon` ends the second one's lease as a kill would, where there are two. */
export interface PresenceNodes extends AsyncDisposable {
  readonly first: PresenceStore;
  readonly second?: PresenceStore;
}

export interface PresenceStoreConformanceOptions {
  test(name: string, run: () => Promise<void>): void;
  /** Stores that were started. With two, their leases are at most a second. */
  create(): Promise<PresenceNodes>;
  /** Why there is only one node, where there is. */
  readonly alone?: string;
}

/** What every presence store must do. */
export function presenceStoreConformance({ test, create, alone }: PresenceStoreConformanceOptions): void {
  test('tells join, update and leave with dense versions that a list adds up to', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const room = `lobby:${createId()}`;
    const before = await first.list(room);
    assert.deepEqual(before.members, []);
    const joined = await first.touch(room, { userId: 'ann', connectionId: 'c1', state: { on: true } });
    const member = { userId: 'ann', connectionIds: ['c1'], state: { on: true } };
    assert.deepEqual(joined, { room, version: before.version + 1, change: 'join', member, connectionId: 'c1' });
    assert.equal(await first.touch(room, { userId: 'ann', connectionId: 'c1', state: { on: true } }), null);
    const updated = await first.touch(room, { userId: 'ann', connectionId: 'c1', state: 'away' });
    assert.deepEqual(
      [updated?.change, updated?.version, updated?.member.state],
      ['update', before.version + 2, 'away'],
    );
    assert.deepEqual(await first.list(room), { version: before.version + 2, members: [{ ...member, state: 'away' }] });
    const left = await first.remove(room, 'c1');
    assert.deepEqual(left, {
      room,
      version: before.version + 3,
      change: 'leave',
      member: { userId: 'ann', connectionIds: [], state: 'away' },
      connectionId: 'c1',
    });
    assert.deepEqual(await first.list(room), { version: before.version + 3, members: [] });
    assert.equal(await first.remove(room, 'c1'), null);
  });

  test('counts several connections of one user as one member with the state set last', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const room = `lobby:${createId()}`;
    await first.touch(room, { userId: 'ann', connectionId: 'c2', state: 1 });
    const second = await first.touch(room, { userId: 'ann', connectionId: 'c1', state: 2 });
    assert.deepEqual(
      [second?.change, second?.member],
      ['update', { userId: 'ann', connectionIds: ['c1', 'c2'], state: 2 }],
    );
    assert.equal(second?.connectionId, 'c1');
    const less = await first.remove(room, 'c1');
    assert.deepEqual([less?.change, less?.member], ['update', { userId: 'ann', connectionIds: ['c2'], state: 1 }]);
    assert.equal(less?.connectionId, 'c2');
    assert.equal(await first.remove(room, 'c1'), null);
    assert.equal((await first.remove(room, 'c2'))?.change, 'leave');
  });

  test('shows the state that was set, whoever comes after without one', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const room = `lobby:${createId()}`;
    const none = await first.touch(room, { userId: 'ann', connectionId: 'c1', state: undefined });
    assert.deepEqual([none?.change, none?.member.state], ['join', null]);
    await first.touch(room, { userId: 'ann', connectionId: 'c1', state: 'away' });
    const second = await first.touch(room, { userId: 'ann', connectionId: 'c2', state: undefined });
    assert.deepEqual(
      [second?.change, second?.member, second?.connectionId],
      ['update', { userId: 'ann', connectionIds: ['c1', 'c2'], state: 'away' }, 'c1'],
    );
    assert.equal(await first.touch(room, { userId: 'ann', connectionId: 'c2', state: undefined }), null);
    assert.deepEqual((await first.list(room)).members, [second?.member]);
    const cleared = await first.touch(room, { userId: 'ann', connectionId: 'c2', state: null });
    assert.deepEqual([cleared?.member.state, cleared?.connectionId], [null, 'c2']);
  });

  test('knows the rooms of a user', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const user = createId();
    const rooms = [`lobby:${createId()}`, `lobby:${createId()}`].sort();
    for (const room of rooms) await first.touch(room, { userId: user, connectionId: `${user}-1`, state: null });
    assert.deepEqual([...(await first.roomsOf(user))].sort(), rooms);
    await first.remove(rooms[0] ?? '', `${user}-1`);
    assert.deepEqual(await first.roomsOf(user), rooms.slice(1));
    assert.deepEqual(await first.roomsOf(createId()), []);
  });

  test('keeps rooms and odd user ids apart', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const [one, two] = [`lobby:${createId()}`, `lobby:${createId()}`];
    for (const userId of ['__proto__', 'constructor', 'a b', 'é"']) {
      await first.touch(one, { userId, connectionId: `${userId}-c`, state: [] });
    }
    const { members } = await first.list(one);
    assert.deepEqual(members.map(({ userId }) => userId).sort(), ['__proto__', 'a b', 'constructor', 'é"']);
    assert.deepEqual(
      members.map(({ state }) => state),
      [[], [], [], []],
    );
    assert.deepEqual((await first.list(two)).members, []);
  });

  test('goes on above a version that was told, where its own is not', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const room = `lobby:${createId()}`;
    await first.touch(room, { userId: 'ann', connectionId: 'c1', state: 1 });
    const { version, members } = await first.list(room);
    assert.equal((await first.list(room, version - 1)).version, version);
    assert.deepEqual(await first.list(room, version + 7), { version: version + 8, members });
    assert.equal((await first.touch(room, { userId: 'ann', connectionId: 'c1', state: 2 }))?.version, version + 9);
  });

  test('holds its lease while it renews, and sweeps nobody who lives', async () => {
    await using nodes = await create();
    const { first } = nodes;
    const room = `lobby:${createId()}`;
    await first.touch(room, { userId: 'ann', connectionId: 'c1', state: null });
    assert.equal(await first.renew(), 'held');
    assert.deepEqual(await first.sweep(), []);
    assert.equal((await first.list(room)).members.length, 1);
  });

  if (alone === undefined) leaseTrials({ test, create });
}

function leaseTrials({ test, create }: PresenceStoreConformanceOptions): void {
  test('drops a dead node from lists at once and tells it to one sweeper only', async () => {
    await using nodes = await create();
    const { first, second } = nodes;
    assert.ok(second);
    const room = `lobby:${createId()}`;
    await first.touch(room, { userId: 'ann', connectionId: 'a1', state: 1 });
    await second.touch(room, { userId: 'ann', connectionId: 'a2', state: 2 });
    await second.touch(room, { userId: 'bob', connectionId: 'b1', state: null });
    // Only the first renews from here on.
    await settleUntil(async () => {
      await first.renew();
      return (await first.list(room)).members.length === 1;
    }, 'the silent node to drop out');
    assert.deepEqual([await first.roomsOf('bob'), await first.roomsOf('ann')], [[], [room]]);
    const swept = (await Promise.all([first.sweep(), first.sweep()])).flat().filter((change) => change.room === room);
    assert.deepEqual(swept.map(({ change, member }) => [change, member.userId]).sort(), [
      ['leave', 'bob'],
      ['update', 'ann'],
    ]);
    const [bob, ann] = ['bob', 'ann'].map((userId) => swept.find(({ member }) => member.userId === userId));
    assert.deepEqual([ann?.member.connectionIds, ann?.member.state, ann?.connectionId], [['a1'], 1, 'a1']);
    assert.deepEqual([bob?.member.connectionIds, bob?.connectionId], [[], 'b1']);
    assert.equal((await first.list(room)).version, Math.max(...swept.map(({ version }) => version)));
    assert.deepEqual(await first.roomsOf('ann'), [room]);
    assert.deepEqual(await first.sweep(), []);
  });

  test('makes a node that missed its lease start anew before it touches', async () => {
    await using nodes = await create();
    const { first, second } = nodes;
    assert.ok(second);
    const room = `lobby:${createId()}`;
    await second.touch(room, { userId: 'bob', connectionId: 'b1', state: null });
    await settleUntil(async () => {
      await first.renew();
      return (await first.sweep()).some((change) => change.room === room);
    }, 'the silent node to be swept');
    const back = await second.touch(room, { userId: 'bob', connectionId: 'b1', state: null });
    assert.equal(back?.change, 'join');
    assert.equal(await second.renew(), 'lost');
    assert.equal(await second.renew(), 'held');
    assert.equal((await first.list(room)).members.length, 1);
  });
}
