import assert from 'node:assert/strict';
import { createId } from '@trunkline/protocol';
import type { Appended, Broker, Publication } from '../seams/broker.js';
import { type BrokerRecorder, createBrokerRecorder } from './broker-recorder.js';
import { settleUntil } from './settle-until.js';

/** One or two nodes over one store; the suite starts and closes the brokers. */
export interface BrokerNodes extends AsyncDisposable {
  readonly brokers: readonly [Broker, ...Broker[]];
}

export interface BrokerConformanceOptions {
  /** The test function of any runner. */
  test(name: string, run: () => Promise<void>): void;
  /** Brokers that were not started. With two or more, what nodes owe one another is tried too. */
  create(): Promise<BrokerNodes>;
}

type Overrides = Partial<Publication>;

/** A publication with defaults, for suites and tests. */
export function makePublication(room: string, overrides: Overrides = {}): Publication {
  const id = createId();
  return {
    room,
    eventId: `event-${id}`,
    event: 'message',
    from: { userId: 'u1', connectionId: 'c1' },
    data: { text: id },
    timestamp: Date.now(),
    log: { size: 100, ttlMs: 60_000 },
    dedupeWindowMs: 60_000,
    key: { userId: 'u1', id },
    minReplicas: 0,
    ...overrides,
  };
}

/** What every broker must do. Room names are fresh, so that a store may be shared by tests. */
export function brokerConformance({ test, create }: BrokerConformanceOptions): void {
  const trial = (name: string, run: (nodes: StartedNodes) => Promise<void>): void => {
    test(name, async () => {
      await using nodes = await startNodes(create);
      await run(nodes);
    });
  };
  appendTrials(trial);
  readTrials(trial);
  epochTrials(trial);
  fanOutTrials(trial);
}

interface StartedNodes extends AsyncDisposable {
  readonly broker: Broker;
  readonly recorder: BrokerRecorder;
  readonly all: readonly { readonly broker: Broker; readonly recorder: BrokerRecorder }[];
  room(): string;
}

type Trial = (name: string, run: (nodes: StartedNodes) => Promise<void>) => void;

async function startNodes(create: BrokerConformanceOptions['create']): Promise<StartedNodes> {
  const nodes = await create();
  const all = nodes.brokers.map((broker) => ({ broker, recorder: createBrokerRecorder() }));
  for (const { broker, recorder } of all) await broker.start(recorder);
  const [first] = all;
  assert.ok(first);
  return {
    ...first,
    all,
    room: () => `lobby:${createId()}`,
    async [Symbol.asyncDispose]() {
      for (const { broker } of all) await broker.close();
      await nodes[Symbol.asyncDispose]();
    },
  };
}

function appendTrials(trial: Trial): void {
  trial('is connected after its start, and says so', async ({ broker, recorder }) => {
    assert.equal(broker.status.state, 'connected');
    assert.deepEqual(recorder.statuses.at(-1), { state: 'connected' });
  });

  trial('counts offsets from 1 without holes, in call order, under one epoch', async ({ broker, room }) => {
    const name = room();
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, data) => broker.publish(makePublication(name, { data }))),
    );
    assert.deepEqual(
      all.map((one) => one.status === 'appended' && one.offset),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    assert.equal(new Set(all.map((one) => one.status === 'appended' && one.epoch)).size, 1);
    const page = await broker.read(name, { limit: 100 });
    assert.deepEqual(
      page.entries.map(({ data }) => data),
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  trial('appends a key once and answers the first event, whatever the event id', async ({ broker, room }) => {
    const first = makePublication(room());
    const appended = await broker.publish(first);
    const again = await Promise.all([
      broker.publish({ ...first, eventId: 'another' }),
      broker.publish({ ...first, timestamp: 1 }),
    ]);
    for (const one of again) assert.deepEqual(one, { ...appended, status: 'duplicate' });
    assert.equal((await broker.read(first.room, { limit: 10 })).entries.length, 1);
  });

  trial('refuses a key that comes again with another payload, and writes nothing', async ({ broker, room }) => {
    const first = makePublication(room());
    await broker.publish(first);
    assert.deepEqual(await broker.publish({ ...first, data: 'other' }), { status: 'conflict' });
    assert.deepEqual(await broker.publish({ ...first, event: 'other' }), { status: 'conflict' });
    assert.equal((await broker.read(first.room, { limit: 10 })).head.offset, 1);
  });

  trial('keeps keys of users, of rooms and of services apart', async ({ broker, room }) => {
    const [one, two] = [room(), room()];
    const key = { userId: 'u', id: 'x1' };
    const { key: _, ...service } = makePublication(one, { eventId: 'x1', data: 1 });
    const same: Publication[] = [
      makePublication(one, { key, data: 1 }),
      makePublication(one, { key: { userId: 'ux', id: '1' }, data: 1 }),
      makePublication(two, { key, data: 1 }),
      service,
    ];
    const statuses = (await Promise.all(same.map((each) => broker.publish(each)))).map(({ status }) => status);
    assert.deepEqual(statuses, ['appended', 'appended', 'appended', 'appended']);
    assert.equal((await broker.publish(service)).status, 'duplicate');
  });

  trial('forgets a key after its window', async ({ broker, room }) => {
    const first = makePublication(room(), { dedupeWindowMs: 30 });
    await broker.publish(first);
    let last: Appended | undefined;
    await settleUntil(async () => {
      last = await broker.publish({ ...first, eventId: createId() });
      return last.status === 'appended';
    }, 'a second append');
    assert.equal(last?.status === 'appended' && last.offset, 2);
  });

  trial('trims exactly, by count, and says what it removed', async ({ broker, room }) => {
    const name = room();
    for (let index = 1; index <= 20; index += 1) {
      await broker.publish(makePublication(name, { eventId: `${name}-${index}`, log: { size: 5, ttlMs: 60_000 } }));
      const page = await broker.read(name, { limit: 100 });
      assert.equal(page.entries.length, Math.min(index, 5));
      const gone = Math.max(0, index - 5);
      assert.deepEqual(page.trimmed, { offset: gone, id: gone === 0 ? '' : `${name}-${gone}` });
    }
  });

  trial('trims by age, and keeps the place of what it removed', async ({ broker, room }) => {
    const name = room();
    await broker.publish(
      makePublication(name, { eventId: 'old', log: { size: 100, ttlMs: 20 }, timestamp: Date.now() }),
    );
    await settleUntil(async () => (await broker.read(name, { limit: 1 })).entries.length === 0, 'the entry to age');
    const empty = await broker.read(name, { limit: 1 });
    assert.deepEqual(empty.trimmed, { offset: 1, id: 'old' });
    assert.equal(empty.head.lastId, 'old');
    const next = await broker.publish(makePublication(name));
    assert.deepEqual(next.status === 'appended' && [next.offset, next.epoch], [2, empty.head.epoch]);
    assert.deepEqual((await broker.read(name, { limit: 5 })).trimmed, { offset: 1, id: 'old' });
  });
}

function readTrials(trial: Trial): void {
  trial('gives an empty room an epoch that its first event keeps', async ({ broker, room }) => {
    const name = room();
    const page = await broker.read(name, { limit: 10 });
    assert.deepEqual([page.entries, page.head.offset, page.head.lastId, page.trimmed.offset], [[], 0, '', 0]);
    const appended = await broker.publish(makePublication(name));
    assert.equal(appended.status === 'appended' && appended.epoch, page.head.epoch);
  });

  trial('reads after, before and newest, oldest first, with the head', async ({ broker, room }) => {
    const name = room();
    for (let index = 1; index <= 10; index += 1)
      await broker.publish(makePublication(name, { eventId: `id-${index}` }));
    const offsets = async (query: Parameters<Broker['read']>[1]) =>
      (await broker.read(name, query)).entries.map(({ offset }) => offset);
    assert.deepEqual(await offsets({ after: 3, limit: 4 }), [4, 5, 6, 7]);
    assert.deepEqual(await offsets({ after: 0, limit: 2 }), [1, 2]);
    assert.deepEqual(await offsets({ after: 10, limit: 2 }), []);
    assert.deepEqual(await offsets({ after: 99, limit: 2 }), []);
    assert.deepEqual(await offsets({ before: 8, limit: 3 }), [5, 6, 7]);
    assert.deepEqual(await offsets({ before: 1, limit: 3 }), []);
    assert.deepEqual(await offsets({ limit: 3 }), [8, 9, 10]);
    assert.deepEqual(await offsets({ limit: 0 }), []);
    const { head } = await broker.read(name, { limit: 1 });
    assert.deepEqual([head.offset, head.lastId], [10, 'id-10']);
  });

  trial('gives entries back as they were published', async ({ broker, room }) => {
    const name = room();
    const data = { text: 'ünï\n"\u2028', list: [1, null, { deep: true }], __proto__x: 1 };
    const publication = makePublication(name, { data, from: { service: 'billing' } });
    const appended = await broker.publish(publication);
    const [entry] = (await broker.read(name, { limit: 1 })).entries;
    assert.deepEqual(entry, {
      id: publication.eventId,
      offset: 1,
      epoch: appended.status === 'appended' && appended.epoch,
      event: 'message',
      from: { service: 'billing' },
      ref: publication.key?.id,
      data,
      timestamp: publication.timestamp,
    });
  });
}

function epochTrials(trial: Trial): void {
  trial('purges into a new epoch and makes subscribers check', async ({ broker, recorder, room }) => {
    const name = room();
    await broker.subscribe(name);
    const first = makePublication(name);
    const appended = await broker.publish(first);
    await broker.purge(name);
    await settleUntil(() => recorder.suspects.some((rooms) => rooms?.includes(name) === true), 'suspect');
    const page = await broker.read(name, { limit: 10 });
    assert.deepEqual([page.entries, page.head.offset], [[], 0]);
    assert.notEqual(page.head.epoch, appended.status === 'appended' && appended.epoch);
    // A key counts within its epoch only.
    assert.equal((await broker.publish(first)).status, 'appended');
  });

  trial('bumps an epoch once, keeping what is left under the new one', async ({ broker, room }) => {
    const name = room();
    await broker.publish(makePublication(name, { eventId: 'kept' }));
    const { head } = await broker.read(name, { limit: 1 });
    const [one, two] = await Promise.all([broker.bumpEpoch(name, head.epoch), broker.bumpEpoch(name, head.epoch)]);
    assert.deepEqual(one, two);
    assert.notEqual(one.epoch, head.epoch);
    assert.deepEqual([one.offset, one.lastId], [1, 'kept']);
    const page = await broker.read(name, { limit: 5 });
    assert.deepEqual(
      page.entries.map(({ id, epoch }) => [id, epoch]),
      [['kept', one.epoch]],
    );
    assert.deepEqual(page.born, { offset: 1, id: 'kept' });
    const next = await broker.publish(makePublication(name));
    assert.deepEqual(next.status === 'appended' && [next.epoch, next.offset], [one.epoch, 2]);
  });
}

function fanOutTrials(trial: Trial): void {
  trial('delivers to every subscribed node in order, and to no other', async ({ all, broker, room }) => {
    const [name, silent] = [room(), room()];
    for (const node of all) await node.broker.subscribe(name);
    for (let index = 0; index < 20; index += 1) await broker.publish(makePublication(name));
    await broker.publish(makePublication(silent));
    for (const { recorder } of all) {
      await settleUntil(() => recorder.offsets(name).length === 20, '20 events');
      assert.deepEqual(
        recorder.offsets(name),
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      assert.deepEqual(recorder.offsets(silent), []);
    }
  });

  trial(
    'says nothing of a room after unsubscribe, and everything after subscribe',
    async ({ broker, recorder, room }) => {
      const [name, other] = [room(), room()];
      await broker.subscribe(name);
      await broker.subscribe(other);
      broker.unsubscribe(name);
      await broker.publish(makePublication(name));
      broker.emit(name, 'gone');
      // What is answered here was sent after it.
      await broker.publish(makePublication(other));
      void broker.subscribe(name);
      broker.unsubscribe(name);
      await broker.subscribe(name);
      await broker.publish(makePublication(name));
      await settleUntil(() => recorder.offsets(name).includes(2), 'the second event');
      assert.deepEqual(recorder.offsets(name), [2]);
      assert.deepEqual(recorder.ephemeral, []);
    },
  );

  trial('fans ephemeral messages out without a log, and keeps the last under a key', async ({ all, broker, room }) => {
    const name = room();
    for (const node of all) await node.broker.subscribe(name);
    broker.emit(name, { n: 1 }, { key: 'a', ttlMs: 60_000 });
    broker.emit(name, { n: 2 }, { key: 'b', ttlMs: 60_000 });
    broker.emit(name, { n: 3 }, { key: 'a', ttlMs: 60_000 });
    broker.emit(name, { n: 4 });
    for (const { recorder } of all) {
      await settleUntil(() => recorder.ephemeral.length === 4, '4 messages');
      assert.deepEqual(
        recorder.ephemeral.map(({ message }) => message),
        [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }],
      );
    }
    assert.deepEqual(await broker.retained(name), [{ n: 2 }, { n: 3 }]);
    assert.deepEqual(await broker.retained(room()), []);
    assert.equal((await broker.read(name, { limit: 1 })).head.offset, 0);
  });

  trial('signals one node or all', async ({ all, broker }) => {
    const last = all.at(-1);
    assert.ok(last);
    broker.signal('all', { to: 'all' });
    broker.signal({ nodeId: last.broker.nodeId }, { to: 'last' });
    broker.signal({ nodeId: 'nobody' }, { to: 'nobody' });
    for (const { recorder } of all)
      await settleUntil(() => recorder.signals.length >= (recorder === last.recorder ? 2 : 1), 'signals');
    const sorted = last.recorder.signals.map((signal) => JSON.stringify(signal)).sort();
    assert.deepEqual(sorted, ['{"to":"all"}', '{"to":"last"}']);
  });
}
