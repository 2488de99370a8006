import { eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { asyncStorageQueue } from '../src/async-storage.js';
import type { QueueStorage, StoredOutcome } from '../src/index.js';
import { localStorageQueue } from '../src/local-storage.js';
import { asAsync, createLocks, ignored, MemoryStorage, stored } from './support/memory-storage.js';
import { openClient } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

const NOWHERE = urlOf(1);

const QUIET = { backoff: { baseMs: 60_000 }, random: () => 0.9 } as const;

interface Kind {
  readonly name: string;
  readonly make: () => { readonly memory: MemoryStorage; readonly open: () => QueueStorage; readonly die: () => void };
}

const kinds: Kind[] = [
  {
    name: 'localStorage with Web Locks',
    make() {
      const memory = new MemoryStorage();
      const locks = createLocks();
      return { memory, open: () => localStorageQueue({ storage: memory, locks }), die: () => locks.die() };
    },
  },
  {
    name: 'localStorage with a lease key',
    make() {
      const memory = new MemoryStorage();
      const die = () => {
        for (const key of [...memory.items.keys()]) if (key.includes('/lease/')) memory.removeItem(key);
      };
      return { memory, open: () => localStorageQueue({ storage: memory, locks: null }), die };
    },
  },
  {
    name: 'AsyncStorage',
    make() {
      const memory = new MemoryStorage();
      return { memory, open: () => asyncStorageQueue(asAsync(memory)), die: () => {} };
    },
  },
];

const settle = (promise: Promise<unknown>) => promise.catch((error) => error.code);

describe.each(kinds)('a queue in $name', ({ make }) => {
  test('survives a reload: nothing queued is lost, nothing doubled, order kept (socket.io #2805)', async () => {
    await using server = await startServer();
    const { memory, open, die } = make();
    const before = openClient({ ...QUIET, url: NOWHERE, queue: { storage: open() } });
    for (const text of ['1', '2', '3'])
      before
        .room('lobby', 'main')
        .publish('message', { text })
        .catch(() => {});
    await eventually(() => stored(memory) === 3);
    await before.close();
    die();
    await using after = openClient({ url: server.url, token: () => server.token('ann'), queue: { storage: open() } });
    const settled: StoredOutcome[] = [];
    after.on('settled', (outcome) => settled.push(outcome));
    await after.connect();
    await eventually(() => settled.length === 3);
    const { entries } = await server.hub.history('lobby:main', { limit: 10 });
    expect(entries.map(({ data }) => data)).toEqual([{ text: '1' }, { text: '2' }, { text: '3' }]);
    expect(settled.map(({ result }) => result)).toMatchObject([{ offset: 1 }, { offset: 2 }, { offset: 3 }]);
    await eventually(() => stored(memory) === 0);
  });

  test('an item that was sent before the page died is sent again under its id', async () => {
    const { memory, open, die } = make();
    await using script = await startScript();
    const before = openClient({ ...QUIET, url: script.url, queue: { storage: open() } });
    const lost = before
      .room('lobby', 'main')
      .publish('message', { text: 'x' })
      .catch((error) => error.code);
    const first = await script.connection();
    await first.welcome();
    const sent = await first.next('publish');
    expect([...memory.items].find(([key]) => key.endsWith(sent.id))?.[1]).toContain('sentAt');
    await before.close();
    die();
    expect(await lost).toBe('unknown_outcome');
    await using after = openClient({ url: script.url, queue: { storage: open() } });
    void after.connect();
    const second = await script.connection();
    await second.welcome();
    expect(await second.next('publish')).toEqual(sent);
  });

  test('an item too old to be known settles unknown_outcome and is not sent', async () => {
    const { memory, open, die } = make();
    await using script = await startScript();
    const before = openClient({ ...QUIET, url: script.url, queue: { storage: open() } });
    before
      .room('lobby', 'main')
      .publish('message', { text: 'x' })
      .catch(() => {});
    const first = await script.connection();
    await first.welcome();
    const sent = await first.next('publish');
    await before.close();
    die();
    const [key, text] = [...memory.items].find(([name]) => name.endsWith(sent.id)) ?? ['', ''];
    memory.setItem(key, text.replace(/"sentAt":\d+/, '"sentAt":1'));
    await using after = openClient({ url: script.url, queue: { storage: open() } });
    const settled: StoredOutcome[] = [];
    after.on('settled', (outcome) => settled.push(outcome));
    void after.connect();
    const second = await script.connection();
    await second.welcome();
    await eventually(() => settled.length === 1);
    expect([settled[0]?.result, second.seen.map(({ type }) => type)]).toMatchObject([
      { code: 'unknown_outcome' },
      ['hello'],
    ]);
  });

  test('what an earlier page left is shown while offline, ahead of what this page adds, and sent once later', async () => {
    const { memory, open, die } = make();
    const before = openClient({ ...QUIET, url: NOWHERE, queue: { storage: open() } });
    for (const text of ['1', '2']) ignored(before.room('lobby', 'main').publish('message', { text }));
    await eventually(() => stored(memory) === 2);
    const { bytes, oldest } = before.queue.status;
    await before.close();
    die();
    await using server = await startServer();
    let url = NOWHERE;
    await using after = openClient({
      backoff: { baseMs: 1, capMs: 20 },
      url: () => url,
      token: () => server.token('ann'),
      queue: { storage: open() },
    });
    void after.connect();
    ignored(after.room('lobby', 'main').publish('message', { text: '3' }));
    await eventually(() => after.queue.status.length === 3);
    const { items, status } = after.queue;
    expect(items.map(({ data }) => data)).toEqual([{ text: '1' }, { text: '2' }, { text: '3' }]);
    expect(items[0]).toMatchObject({ rooms: ['lobby:main'], event: 'message', createdAt: oldest });
    expect([status.oldest, status.bytes, after.queue.items === items]).toEqual([oldest, bytes * 1.5, true]);
    url = server.url;
    await eventually(() => after.queue.status.length === 0);
    expect(after.queue.items).toEqual([]);
    const { entries } = await server.hub.history('lobby:main', { limit: 10 });
    expect(entries.map(({ data }) => data)).toEqual([{ text: '1' }, { text: '2' }, { text: '3' }]);
  });

  test('what turns out to be another user’s is given back unsent, for that user’s next page', async () => {
    const { memory, open, die } = make();
    await using script = await startScript();
    const before = openClient({ ...QUIET, url: script.url, queue: { storage: open() } });
    void before.connect();
    const first = await script.connection();
    await first.welcome({ userId: 'ann' });
    await eventually(() => before.state.status === 'open');
    ignored(before.room('lobby', 'main').publish('message', { text: 'of ann' }));
    const { id } = await first.next('publish');
    await before.close();
    die();
    const others = openClient({ url: script.url, queue: { storage: open() } });
    const settled: StoredOutcome[] = [];
    others.on('settled', (outcome) => settled.push(outcome));
    void others.connect();
    await eventually(() => others.queue.items.length === 1);
    const second = await script.connection();
    await second.welcome({ userId: 'bob' });
    await eventually(() => others.queue.status.length === 0);
    await others.close();
    die();
    expect([second.seen.map(({ type }) => type), settled, stored(memory)]).toEqual([['hello'], [], 1]);
    await using again = openClient({ url: script.url, queue: { storage: open() } });
    void again.connect();
    const third = await script.connection();
    await third.welcome({ userId: 'ann' });
    expect((await third.next('publish')).id).toBe(id);
  });

  test('a client that begins again after its end takes up what it had stored', async () => {
    const { memory, open } = make();
    await using script = await startScript();
    await using client = openClient({ url: script.url, queue: { storage: open() } });
    const room = client.room('lobby', 'main');
    void client.connect();
    const first = await script.connection();
    await first.welcome();
    const lost = settle(room.publish('message', { text: 'x' }));
    const { id } = await first.next('publish');
    first.close(4502);
    expect(await lost).toBe('unknown_outcome');
    void client.reconnect();
    const second = await script.connection();
    await second.welcome();
    expect((await second.next('publish')).id).toBe(id);
    second.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    await eventually(() => stored(memory) === 0);
  });

  test('what a living client still holds, or another user left, is not taken', async () => {
    const { memory, open, die } = make();
    await using script = await startScript();
    const holder = openClient({ ...QUIET, url: NOWHERE, queue: { storage: open() } });
    holder
      .room('lobby', 'main')
      .publish('message', { text: 'held' })
      .catch(() => {});
    await eventually(() => stored(memory) === 1);
    await using other = openClient({ url: script.url, queue: { storage: open() } });
    void other.connect();
    const peer = await script.connection();
    await peer.welcome({ userId: 'u1' });
    const asked = other.request('echo', {});
    const { id } = await peer.next('request');
    peer.send({ type: 'response', id, data: {} });
    await asked;
    expect([peer.seen.map(({ type }) => type), stored(memory)]).toEqual([['hello', 'request'], 1]);
    await holder.close();
    die();
    for (const [key, text] of [...memory.items].filter(([name]) => name.includes('/publish/'))) {
      memory.setItem(key, JSON.stringify({ ...JSON.parse(text), userId: 'somebody else' }));
    }
    await using third = openClient({ url: script.url, queue: { storage: open() } });
    void third.connect();
    const last = await script.connection();
    await last.welcome({ userId: 'u1' });
    const mine = third.room('lobby', 'main').publish('message', { text: 'mine' });
    const { id: own, data } = await last.next('publish');
    last.send({ type: 'ack', id: own, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    await mine;
    expect([data, stored(memory)]).toEqual([{ text: 'mine' }, 1]);
  });
});
