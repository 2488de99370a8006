import { createManualClock, eventually } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { asyncStorageQueue } from '../src/async-storage.js';
import type { QueueStorage } from '../src/index.js';
import { indexedDbQueue } from '../src/indexed-db.js';
import { localStorageQueue } from '../src/local-storage.js';
import { type Locks, ownByLease } from '../src/storage/ownership.js';
import { asAsync, createLocks, ignored, MemoryStorage, stored } from './support/memory-storage.js';
import { openClient } from './support/open-client.js';
import { startScript } from './support/scripted-server.js';
import { startServer } from './support/start-server.js';

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
