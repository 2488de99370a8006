import { createManualClock, eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { type AsyncStorageLike, asyncStorageQueue } from '../src/async-storage.js';
import type { QueueStorage, StoredOutcome } from '../src/index.js';
import { indexedDbQueue } from '../src/indexed-db.js';
import { localStorageQueue } from '../src/local-storage.js';
import { type Locks, ownByLease } from '../src/storage/ownership.js';
import { openClient } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer, urlOf } from './support/start-server.js';

const NOWHERE = urlOf(1);
const QUIET = { backoff: { baseMs: 60_000 }, random: () => 0.9 } as const;

class MemoryStorage {
  readonly items = new Map<string, string>();
  get length() {
    return this.items.size;
  }
  key = (index: number) => [...this.items.keys()][index] ?? null;
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

/** Web Locks in one process. A page that dies drops its locks: `die` does that for all held now. */
function createLocks(): Locks & { die(): void } {
  let held = new Map<string, Promise<unknown>>();
  return {
    die: () => {
      held = new Map();
    },
    async request(name, { ifAvailable }, run) {
      if (ifAvailable && held.has(name)) return await run(null);
      while (held.has(name)) await held.get(name);
      const mine = held;
      const work = Promise.resolve(run({}));
      mine.set(name, work);
      try {
        return await work;
      } finally {
        if (mine.get(name) === work) mine.delete(name);
      }
    },
  };
}

function asAsync(memory: MemoryStorage): AsyncStorageLike {
  return {
    getAllKeys: async () => [...memory.items.keys()],
    getItem: async (key) => memory.getItem(key),
    setItem: async (key, value) => memory.setItem(key, value),
    removeItem: async (key) => memory.removeItem(key),
  };
}

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
const ignored = (promise: Promise<unknown>) => void promise.catch(() => {});
const settle = (promise: Promise<unknown>) => promise.catch((error) => error.code);
const stored = (memory: MemoryStorage) => [...memory.items.keys()].filter((key) => key.includes('/publish/')).length;

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

test('a storage that fails is told and costs the reload, not the message', async () => {
  await using server = await startServer();
  const memory = new MemoryStorage();
  memory.setItem = (key) => {
    if (key.includes('/publish/')) throw new Error('quota exceeded');
  };
  await using client = openClient({
    url: server.url,
    token: () => server.token('ann'),
    queue: { storage: localStorageQueue({ storage: memory, locks: null }) },
  });
  const told: string[] = [];
  client.on('error', ({ message }) => told.push(message));
  expect(await client.room('lobby', 'main').publish('message', { text: 'x' })).toMatchObject({ offset: 1 });
  expect(told).toContainEqual(expect.stringContaining('quota'));
});

test('a lease ends 10 s after its owner was last heard of', async () => {
  const clock = createManualClock();
  const store = new MemoryStorage();
  const timers: (() => void)[] = [];
  const held = { now: clock.now, setTimeout: (run: () => void) => timers.push(run), clearTimeout: () => {} };
  const one = ownByLease({ store, prefix: 'p', clock: held });
  const other = ownByLease({ store, prefix: 'p', clock: held });
  await clock.advance(9_999);
  expect(await other.isAlive(one.id)).toBe(true);
  timers[0]?.();
  await clock.advance(9_999);
  expect(await other.isAlive(one.id)).toBe(true);
  await clock.advance(1);
  expect(await other.isAlive(one.id)).toBe(false);
});

describe('a storage that fails', () => {
  const row = (id: string, room = 'lobby:main') =>
    JSON.stringify({
      owner: 'dead',
      userId: 'u1',
      rank: 0,
      item: { id, rooms: [room], event: 'message', data: { text: id }, createdAt: 1 },
    });
  const withRows = (rows: Record<string, string>) => {
    const memory = new MemoryStorage();
    for (const [id, text] of Object.entries(rows)) memory.setItem(`trunkline/publish/${id}`, text);
    return memory;
  };
  /** Opens, acknowledges every publish, and tells the ids in their order. */
  async function play(storage: QueueStorage, count: number, publish: boolean): Promise<unknown> {
    await using script = await startScript();
    await using client = openClient({ url: script.url, queue: { storage } });
    const told: string[] = [];
    client.on('error', ({ message }) => told.push(message));
    void client.connect();
    const peer = await script.connection();
    await peer.welcome();
    const own = publish && client.room('lobby', 'main').publish('message', { text: 'own' });
    const texts: unknown[] = [];
    for (let n = 1; n <= count; n++) {
      const { id, data } = await peer.next('publish');
      texts.push((data as { text: string }).text);
      peer.send({ type: 'ack', id, eventId: `ev-${n}`, epoch: 'e1', offset: n });
    }
    await own;
    return { texts, told };
  }

  test.each(['{not json', '{"owner":"x"}', '"text"'])('a row that is %s is told and costs no other', async (bad) => {
    const memory = withRows({ bad, good: row('good') });
    for (const storage of [asyncStorageQueue(asAsync(memory)), localStorageQueue({ storage: memory, locks: null })]) {
      memory.setItem('trunkline/publish/good', row('good'));
      expect(await play(storage, 1, false)).toMatchObject({
        texts: ['good'],
        told: [expect.stringContaining('can not be read')],
      });
    }
  });

  test('a reading that fails once stops neither this client nor the others of the process', async () => {
    const memory = withRows({ good: row('good') });
    const broken = { ...asAsync(memory), getAllKeys: async () => Promise.reject(new Error('transient')) };
    await play(asyncStorageQueue(broken), 1, true);
    expect(await play(asyncStorageQueue(asAsync(memory)), 1, false)).toMatchObject({ texts: ['good'] });
  });

  test.each(['locks', 'a lease'])('a full one with %s costs the reload, not a message', async (kind) => {
    const memory = withRows({ old: row('old') });
    memory.setItem = () => {
      throw new Error('quota exceeded');
    };
    const locks = kind === 'locks' ? createLocks() : null;
    expect(await play(localStorageQueue({ storage: memory, locks }), 2, true)).toMatchObject({
      texts: ['old', 'own'],
      told: expect.arrayContaining([expect.stringContaining('quota')]),
    });
  });

  // A page in a sandboxed frame, or with site data blocked, has none: already the look at it throws.
  test.each([
    ['localStorage', () => localStorageQueue()],
    ['localStorage', () => localStorageQueue({ locks: createLocks() })],
    ['indexedDB', () => indexedDbQueue()],
  ])('%s that is denied costs the reload, not a message, and close() is as ever', async (name, open) => {
    const get = () => {
      throw new Error('SecurityError');
    };
    Object.defineProperty(globalThis, name, { get, configurable: true });
    try {
      expect(await play(open(), 1, true)).toMatchObject({
        texts: ['own'],
        told: expect.arrayContaining([expect.stringContaining('SecurityError')]),
      });
    } finally {
      Reflect.deleteProperty(globalThis, name);
    }
  });

  test('locks that are refused cost the replay only, and nothing is left unhandled', async () => {
    const locks: Locks = { request: () => Promise.reject(new Error('SecurityError')) };
    expect(await play(localStorageQueue({ storage: new MemoryStorage(), locks }), 1, true)).toMatchObject({
      texts: ['own'],
      told: expect.arrayContaining([expect.stringContaining('SecurityError')]),
    });
  });

  test('one that never answers holds a publish and close() for 5 s at most', async () => {
    const clock = createManualClock();
    const storage = { ...asAsync(new MemoryStorage()), setItem: () => new Promise(() => {}) };
    await using script = await startScript();
    const client = openClient({
      url: script.url,
      clock: clock as never,
      queue: { storage: asyncStorageQueue(storage) },
    });
    void client.connect();
    const peer = await script.connection();
    await peer.welcome();
    await eventually(() => client.state.status === 'open');
    const published = client.room('lobby', 'main').publish('message', { text: 'own' });
    await clock.advance(5_000);
    const { id } = await peer.next('publish');
    peer.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    expect(await published).toMatchObject({ offset: 1 });
    await client.close();
  });

  test('a client closed while it is read shows nothing of it, and the next connection sends it once', async () => {
    const memory = withRows({ old: row('old') });
    let read = () => {};
    const slow = {
      ...asAsync(memory),
      getAllKeys: () => new Promise<string[]>((resolve) => (read = () => resolve([...memory.items.keys()]))),
    };
    await using script = await startScript();
    await using client = openClient({ url: script.url, queue: { storage: asyncStorageQueue(slow) } });
    ignored(client.connect());
    await eventually(() => memory.items.size === 1 && client.state.status !== 'idle');
    await new Promise((resolve) => setImmediate(resolve));
    const closing = client.close();
    read();
    await closing;
    expect(client.queue.status.length).toBe(0);
    slow.getAllKeys = async () => [...memory.items.keys()];
    void client.connect();
    const peer = await script.connection();
    await peer.welcome();
    const { id } = await peer.next('publish');
    peer.send({ type: 'ack', id, eventId: 'ev-1', epoch: 'e1', offset: 1 });
    await eventually(() => stored(memory) === 0);
    expect([client.queue.status.length, peer.seen.filter(({ type }) => type === 'publish').length]).toEqual([0, 1]);
  });
});
