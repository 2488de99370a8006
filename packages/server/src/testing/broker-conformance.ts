import assert from 'node:assert/strict';
import { createId } from '@trunkline/protocol';
import type { Broker } from '../seams/broker.js';
import { appendTrials, readTrials } from './broker-log-trials.js';
import { createBrokerRecorder } from './broker-recorder.js';
import { makePublication, type StartedNodes, type Trial } from './broker-trial.js';
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

function epochTrials(trial: Trial): void {
  const start = { offset: 0, id: '' };
  trial(
    'purges into a new epoch, with nothing retained, and makes subscribers check',
    async ({ broker, recorder, room }) => {
      const name = room();
      const first = makePublication(name, { log: { size: 1, ttlMs: 60_000 } });
      await broker.publish(first);
      await broker.publish({ ...makePublication(name), log: first.log });
      const { head } = await broker.read(name, { limit: 1 });
      const bumped = await broker.bumpEpoch(name, head.epoch);
      await broker.subscribe(name);
      broker.emit(name, { n: 1 }, { key: 'a', ttlMs: 60_000 });
      await settleUntil(() => broker.retained(name).then(({ length }) => length === 1), 'a retained message');
      await broker.purge(name);
      assert.deepEqual(await broker.retained(name), []);
      await settleUntil(() => recorder.suspects.some((rooms) => rooms?.includes(name) === true), 'suspect');
      const page = await broker.read(name, { limit: 10 });
      assert.deepEqual([page.entries, page.head.offset, page.head.lastId], [[], 0, '']);
      assert.deepEqual([page.trimmed, page.born], [start, start]);
      assert.equal([head.epoch, bumped.epoch].includes(page.head.epoch), false);
      // A key counts within its epoch only.
      assert.equal((await broker.publish(first)).status, 'appended');
    },
  );

  trial('bumps an epoch once, keeping what is left under the new one', async ({ broker, recorder, room }) => {
    const name = room();
    await broker.subscribe(name);
    const first = makePublication(name, { eventId: 'kept', log: { size: 1, ttlMs: 60_000 } });
    await broker.publish({ ...makePublication(name, { eventId: 'trimmed' }), log: first.log });
    await broker.publish(first);
    const { head } = await broker.read(name, { limit: 1 });
    const [one, two] = await Promise.all([broker.bumpEpoch(name, head.epoch), broker.bumpEpoch(name, head.epoch)]);
    assert.deepEqual(one, two);
    assert.notEqual(one.epoch, head.epoch);
    await settleUntil(() => recorder.suspects.some((rooms) => rooms?.includes(name) === true), 'suspect');
    assert.deepEqual([one.offset, one.lastId], [2, 'kept']);
    const page = await broker.read(name, { limit: 5 });
    assert.deepEqual(
      page.entries.map(({ id, epoch }) => [id, epoch]),
      [['kept', one.epoch]],
    );
    assert.deepEqual([page.born, page.trimmed.offset], [{ offset: 2, id: 'kept' }, 1]);
    const next = await broker.publish(makePublication(name));
    assert.deepEqual(next.status === 'appended' && [next.epoch, next.offset], [one.epoch, 3]);
    assert.equal((await broker.publish(first)).status, 'appended');
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
      // What is heard here was sent after it.
      await broker.publish(makePublication(other));
      await settleUntil(() => recorder.offsets(other).includes(1), 'the event of the other room');
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
    broker.emit(name, { n: 5 }, { key: 'c', ttlMs: 60_000, only: true });
    broker.emit(name, { n: 4 });
    for (const { recorder } of all) {
      await settleUntil(() => recorder.ephemeral.length === 4, '4 messages');
      assert.deepEqual(
        recorder.ephemeral.map(({ message }) => message),
        [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }],
      );
    }
    assert.deepEqual(await broker.retained(name), [{ n: 2 }, { n: 3 }, { n: 5 }]);
    assert.deepEqual(await broker.retained(room()), []);
    assert.equal((await broker.read(name, { limit: 1 })).head.offset, 0);
  });

  trial('keeps what is retained for its time, and no more than 1 000 keys of a room', async ({ broker, room }) => {
    const name = room();
    broker.emit(name, 'lasting', { key: 'lasting', ttlMs: 60_000 });
    broker.emit(name, 'brief', { key: 'brief', ttlMs: 20 });
    await settleUntil(async () => (await broker.retained(name)).length === 1, 'the brief one to end');
    assert.deepEqual(await broker.retained(name), ['lasting']);
    for (let n = 0; n <= 1_000; n += 1) broker.emit(name, n, { key: `k${n}`, ttlMs: 60_000 });
    const kept = await broker.retained(name);
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [1_000, 1, 1_000]);
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
