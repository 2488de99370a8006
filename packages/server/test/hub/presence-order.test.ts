import { connectRaw } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { createMemoryBroker } from '../../src/broker/memory-broker.js';
import { createMemoryPresenceStore } from '../../src/presence/memory-presence-store.js';
import type { PresenceChange } from '../../src/seams/presence-store.js';
import { startHub } from './start-hub.js';

const ROOM = 'lobby:main';

/** Ann in a room of hers and of another node, which enters users into the store and tells of it when the test says so. */
async function startWatched() {
  const [broker, presence] = [createMemoryBroker(), createMemoryPresenceStore()];
  const hub = await startHub({ broker, presence });
  const client = await connectRaw(hub);
  await client.hello({ token: await hub.token('ann'), rooms: [{ room: ROOM }] });
  const version = (await client.nextOf('joined')).presence?.version ?? 0;
  return {
    client,
    version,
    enter: (userId: string) => presence.touch(ROOM, { userId, connectionId: `${userId}-1`, state: null }),
    tell(change: PresenceChange | null) {
      if (change === null) throw new Error('nothing changed');
      const { room, ...step } = change;
      broker.emit(room, { t: 'p', ...step });
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await hub[Symbol.asyncDispose]();
    },
  };
}

it('shows changes that overtook one another in the order of their versions, each once', async () => {
  await using watched = await startWatched();
  const { client, enter, tell, version } = watched;
  const [bob, carl, dan, eve] = [await enter('bob'), await enter('carl'), await enter('dan'), await enter('eve')];
  for (const change of [dan, carl, dan, bob, carl, bob, eve]) tell(change);
  for (const [index, userId] of ['bob', 'carl', 'dan', 'eve'].entries()) {
    expect(await client.nextOf('presence')).toMatchObject({
      ...{ change: 'join', version: version + 1 + index },
      member: { userId },
    });
  }
  tell(await enter('fay'));
  expect(await client.nextOf('presence')).toMatchObject({ version: version + 5, member: { userId: 'fay' } });
});

it('tells a room whole when a change stays away, and goes on from there', async () => {
  await using watched = await startWatched();
  const { client, enter, tell, version } = watched;
  const rounds = [
    ['bob', 'carl', 'dan'],
    ['eve', 'fay', 'gus'],
  ] as const;
  for (const [round, [lost, heard, next]] of rounds.entries()) {
    await enter(lost);
    tell(await enter(heard));
    const told = await client.nextOf('presence');
    expect(told).toMatchObject({ change: 'sync', version: version + 2 + 3 * round });
    const users = told.change === 'sync' ? told.members.map(({ userId }) => userId) : [];
    expect(users).toEqual(expect.arrayContaining(['ann', lost, heard]));
    tell(await enter(next));
    expect(await client.nextOf('presence')).toMatchObject({
      ...{ change: 'join', version: version + 3 + 3 * round },
      member: { userId: next },
    });
  }
});
