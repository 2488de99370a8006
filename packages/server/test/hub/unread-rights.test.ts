import { TrunklineError } from '@trunkline/protocol';
import { connectRaw } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { createMemoryDirectory, type Directory } from '../../src/index.js';
import { startHub } from './start-hub.js';

const OWNS = { object: 'booking:42', relation: 'owner', user: 'ann' };

/** A directory that tells of changes, and answers nothing while it is away: a relation webhook whose backend fails. */
function fallibleDirectory() {
  const directory = createMemoryDirectory();
  let isAway = false;
  const fallible: Directory = {
    ...directory,
    async check(relation) {
      if (isAway) throw new TrunklineError('unavailable', 'The directory does not answer.');
      return directory.check(relation);
    },
  };
  return { fallible, setAway: (away: boolean) => (isAway = away) };
}

/** Ann, in a room that a relation grants, and whose relation went while nobody could be asked. */
async function startUnread(authorisationStaleMs: number) {
  const { fallible, setAway } = fallibleDirectory();
  const node = await startHub({ directory: fallible, limits: { authorisationStaleMs } });
  await node.hub.directory.change({ ...OWNS, present: true });
  const ann = await connectRaw({ url: node.url });
  await ann.hello({ token: await node.token('ann') });
  await ann.join(OWNS.object);
  setAway(true);
  await node.hub.directory.change({ ...OWNS, present: false });
  return {
    ...{ ann, setAway },
    async [Symbol.asyncDispose]() {
      await ann.close();
      await node[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent('a right that went while the directory did not answer', () => {
  it('ends once it answers', async () => {
    await using unread = await startUnread(60_000);
    unread.setAway(false);
    expect(await unread.ann.nextOf('left')).toMatchObject({ reason: 'relation_removed', retryable: false });
  });

  it('ends after AUTHORISATION_STALE_MS, retryably, if it never does', async () => {
    await using unread = await startUnread(500);
    expect(await unread.ann.nextOf('left')).toMatchObject({ reason: 'authorisation_stale', retryable: true });
  });
});

it('looks at every right anew when a directory says that something may have changed', async () => {
  const directory = createMemoryDirectory();
  const listeners: Parameters<Directory['onChange']>[0][] = [];
  const vague: Directory = {
    ...directory,
    onChange(listener) {
      listeners.push(listener);
      return () => undefined;
    },
  };
  await using node = await startHub({ directory: vague });
  await using ann = await connectRaw({ url: node.url });
  await directory.change({ ...OWNS, present: true });
  await ann.hello({ token: await node.token('ann') });
  for (const room of [OWNS.object, 'lobby:a']) await ann.join(room);
  await directory.change({ ...OWNS, present: false });
  for (const listener of listeners) listener(null);
  expect(await ann.nextOf('left')).toMatchObject({ room: OWNS.object, reason: 'relation_removed' });
  await ann.publish('lobby:a', 'message', { text: 'still here' });
});
