import assert from 'node:assert/strict';
import { createId } from '@trunkline/protocol';
import type { Ledger } from '../seams/ledger.js';
import { settleUntil } from './settle-until.js';

/** One or two nodes over one store, started. */
export interface LedgerNodes extends AsyncDisposable {
  readonly ledgers: readonly [Ledger, ...Ledger[]];
}

export interface LedgerConformanceOptions {
  test(name: string, run: () => Promise<void>): void;
  create(): Promise<LedgerNodes>;
}

const never = (): AbortSignal => new AbortController().signal;
const unheard = (): void => undefined;

/** What every ledger must do. */
export function ledgerConformance({ test, create }: LedgerConformanceOptions): void {
  test('lets one of many claim a key, and gives the others its result', async () => {
    await using nodes = await create();
    const [one] = nodes.ledgers;
    const other = nodes.ledgers.at(-1) ?? one;
    const key = createId();
    const claims = await Promise.all(Array.from({ length: 5 }, () => one.claim(key, 'data', 60_000)));
    assert.deepEqual(claims.map(({ status }) => status).sort(), [
      'claimed',
      'running',
      'running',
      'running',
      'running',
    ]);
    assert.equal((await other.claim(key, 'data', 60_000)).status, 'running');
    const waiting = [one.settled(key, never(), unheard), other.settled(key, never(), unheard)];
    await one.settle(key, { data: [1] }, 60_000);
    assert.deepEqual(await Promise.all(waiting), [{ data: [1] }, { data: [1] }]);
    await settleUntil(async () => !(await one.isAwaited(key)), 'nobody to wait');
    assert.deepEqual(await other.claim(key, 'data', 60_000), { status: 'settled', result: { data: [1] } });
    assert.deepEqual(await other.settled(key, never(), unheard), { data: [1] });
  });

  test('tells who waits elsewhere how a claimed key goes on, in order and before its result', async () => {
    await using nodes = await create();
    const [one] = nodes.ledgers;
    const other = nodes.ledgers.at(-1) ?? one;
    const key = createId();
    await one.claim(key, 'data', 60_000);
    const told: unknown[] = [];
    const waiting = other.settled(key, never(), (data) => told.push(data)).then((result) => told.push(result));
    await settleUntil(() => one.isAwaited(key), 'the wait to be seen');
    for (const data of [{ percent: 1 }, null, 'text']) one.tellProgress(key, data);
    await one.settle(key, { data: [1] }, 60_000);
    await waiting;
    assert.deepEqual(told, [{ percent: 1 }, null, 'text', { data: [1] }]);
  });

  test('ends a wait that is given up', async () => {
    await using nodes = await create();
    const [ledger] = nodes.ledgers;
    const key = createId();
    await ledger.claim(key, 'data', 60_000);
    const giving = new AbortController();
    const given = ledger.settled(key, giving.signal, unheard);
    giving.abort();
    await assert.rejects(given, { code: 'cancelled' });
    await settleUntil(async () => !(await ledger.isAwaited(key)), 'nobody to wait');
  });

  test('goes on with a wait beside one that is given up', async () => {
    await using nodes = await create();
    const [ledger] = nodes.ledgers;
    const key = createId();
    await ledger.claim(key, 'data', 60_000);
    const giving = new AbortController();
    const staying = ledger.settled(key, never(), unheard);
    const given = ledger.settled(key, giving.signal, unheard);
    giving.abort();
    await assert.rejects(given, { code: 'cancelled' });
    assert.equal(await ledger.isAwaited(key), true);
    await ledger.settle(key, 'done', 60_000);
    assert.equal(await staying, 'done');
  });

  test('refuses a wait for what nobody runs, and one that was given up before', async () => {
    await using nodes = await create();
    const [ledger] = nodes.ledgers;
    const key = createId();
    await assert.rejects(ledger.settled(key, never(), unheard), { code: 'unknown_outcome', retrySafe: false });
    await ledger.claim(key, 'data', 60_000);
    await assert.rejects(ledger.settled(key, AbortSignal.abort(), unheard), { code: 'cancelled' });
    assert.equal(await ledger.isAwaited(key), false);
  });

  test('lets a released key be claimed again, and gives who waited what it came to', async () => {
    await using nodes = await create();
    const [one] = nodes.ledgers;
    const other = nodes.ledgers.at(-1) ?? one;
    const key = createId();
    await one.claim(key, 'data', 60_000);
    const waiting = other.settled(key, never(), unheard);
    await settleUntil(() => one.isAwaited(key), 'the wait to be seen');
    await one.release(key, { error: 'busy' });
    assert.deepEqual(await waiting, { error: 'busy' });
    assert.equal((await other.claim(key, 'other data', 60_000)).status, 'claimed');
  });

  test('tells other data of a key apart, while it runs and afterwards', async () => {
    await using nodes = await create();
    const [one] = nodes.ledgers;
    const other = nodes.ledgers.at(-1) ?? one;
    for (const data of [{ n: 1 }, { text: 'x'.repeat(5_000) }, undefined]) {
      const key = createId();
      await one.claim(key, data, 60_000);
      assert.deepEqual(await other.claim(key, { n: 2 }, 60_000), { status: 'conflict' });
      assert.equal((await other.claim(key, structuredClone(data), 60_000)).status, 'running');
      await one.settle(key, 1, 60_000);
      assert.deepEqual(await other.claim(key, { n: 2 }, 60_000), { status: 'conflict' });
      assert.deepEqual(await other.claim(key, structuredClone(data), 60_000), { status: 'settled', result: 1 });
    }
  });

  test('keeps the first result, and none for a key that nobody claimed', async () => {
    await using nodes = await create();
    const [one] = nodes.ledgers;
    const other = nodes.ledgers.at(-1) ?? one;
    const key = createId();
    await other.settle(key, 'unclaimed', 60_000);
    assert.equal((await one.claim(key, 'data', 60_000)).status, 'claimed');
    await one.settle(key, 1, 60_000);
    await one.settle(key, 2, 60_000);
    await one.release(key, 3);
    await other.settle(key, 4, 60_000);
    assert.deepEqual(await other.claim(key, 'data', 60_000), { status: 'settled', result: 1 });
  });

  test('forgets claims and results after their time', async () => {
    await using nodes = await create();
    const [ledger] = nodes.ledgers;
    const [claimed, settled] = [createId(), createId()];
    await ledger.claim(claimed, 'data', 20);
    await ledger.claim(settled, 'data', 60_000);
    await ledger.settle(settled, 1, 20);
    for (const key of [claimed, settled]) {
      await settleUntil(
        async () => (await ledger.claim(key, 'data', 60_000)).status === 'claimed',
        'the key to be free',
      );
    }
  });

  test('moves receipt cursors forward only, and voids them in another epoch', async () => {
    await using nodes = await create();
    const [ledger] = nodes.ledgers;
    const room = `conversation:${createId()}`;
    const at = (userId: string, kind: 'delivered' | 'read', offset: number, epoch = 'e1') =>
      ledger.advance({ room, epoch, userId, kind, offset });
    assert.equal(await at('ann', 'delivered', 5), true);
    assert.equal(await at('ann', 'delivered', 5), false);
    assert.equal(await at('ann', 'delivered', 4), false);
    assert.equal(await at('ann', 'read', 3), true);
    assert.equal(await at('d:bob', 'read', 10), true);
    const cursors = [...(await ledger.cursors(room, 'e1'))].sort((a, b) => a.userId.localeCompare(b.userId));
    assert.deepEqual(cursors, [
      { userId: 'ann', delivered: 5, read: 3 },
      { userId: 'd:bob', read: 10 },
    ]);
    assert.deepEqual(await ledger.cursors(room, 'e2'), []);
    assert.equal(await at('ann', 'read', 1, 'e2'), true);
    assert.deepEqual(await ledger.cursors(room, 'e2'), [{ userId: 'ann', read: 1 }]);
    assert.deepEqual(await ledger.cursors(room, 'e1'), []);
  });
}
