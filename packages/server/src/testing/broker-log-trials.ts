import assert from 'node:assert/strict';
import { createId } from '@trunkline/protocol';
import type { Appended, Broker, Publication } from '../seams/broker.js';
import { makePublication, type Trial } from './broker-trial.js';
import { settleUntil } from './settle-until.js';

/** What `publish` owes a room's log. */
export function appendTrials(trial: Trial): void {
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
      makePublication(one, { key: { userId: 'ux', id: 'x1' }, data: 1 }),
      makePublication(one, { key: { userId: 'v', id: '2\nuxx1' }, data: 1 }),
      makePublication(two, { key, data: 1 }),
      service,
    ];
    const statuses = (await Promise.all(same.map((each) => broker.publish(each)))).map(({ status }) => status);
    assert.deepEqual(new Set(statuses), new Set(['appended']));
    for (const each of same) assert.equal((await broker.publish(each)).status, 'duplicate');
  });

  trial('keeps a key whose like of another user is forgotten', async ({ broker, room }) => {
    const name = room();
    const first = makePublication(name, { key: { userId: 'u', id: 'x' }, dedupeWindowMs: 30 });
    const lasting = makePublication(name, { key: { userId: 'v', id: 'x' } });
    await broker.publish(first);
    await broker.publish(lasting);
    await settleUntil(
      async () => (await broker.publish({ ...first, eventId: createId() })).status === 'appended',
      'the first key to be forgotten',
    );
    assert.equal((await broker.publish(lasting)).status, 'duplicate');
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
    const all = Array.from({ length: 20 }, (_, index) =>
      makePublication(name, { eventId: `${name}-${index + 1}`, log: { size: 5, ttlMs: 60_000 } }),
    );
    for (const [before, publication] of all.entries()) {
      const index = before + 1;
      await broker.publish(publication);
      const page = await broker.read(name, { limit: 100 });
      assert.equal(page.entries.length, Math.min(index, 5));
      const gone = Math.max(0, index - 5);
      assert.deepEqual(page.trimmed, { offset: gone, id: gone === 0 ? '' : `${name}-${gone}` });
    }
    await knowsAgain(broker, all);
  });

  trial('trims by age, and keeps the place of what it removed', async ({ broker, room }) => {
    const name = room();
    const log = { size: 1, ttlMs: 20 };
    const trimmed = makePublication(name, { eventId: 'trimmed', log });
    const old = makePublication(name, { eventId: 'old', log, timestamp: Date.now() });
    await broker.publish(trimmed);
    await broker.publish(old);
    await settleUntil(async () => (await broker.read(name, { limit: 1 })).entries.length === 0, 'the entry to age');
    const empty = await broker.read(name, { limit: 1 });
    assert.deepEqual(empty.trimmed, { offset: 2, id: 'old' });
    assert.equal(empty.head.lastId, 'old');
    const next = await broker.publish(makePublication(name));
    assert.deepEqual(next.status === 'appended' && [next.offset, next.epoch], [3, empty.head.epoch]);
    const page = await broker.read(name, { limit: 5 });
    assert.deepEqual([page.trimmed, page.entries.length], [{ offset: 2, id: 'old' }, 1]);
    await knowsAgain(broker, [trimmed, old]);
  });
}

/** What left the log is still not appended twice, and still told apart from other data under its key. */
async function knowsAgain(broker: Broker, published: readonly Publication[]): Promise<void> {
  for (const [index, one] of published.entries()) {
    const again = await broker.publish({ ...one, eventId: createId() });
    assert.deepEqual(again.status === 'duplicate' && [again.offset, again.eventId], [index + 1, one.eventId]);
    assert.equal((await broker.publish({ ...one, data: 'other' })).status, 'conflict');
  }
}

/** What `read` owes. */
export function readTrials(trial: Trial): void {
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
    assert.deepEqual(await offsets({ before: 0, limit: 3 }), []);
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
