import assert from 'node:assert/strict';
import { createId } from '@trunkline/protocol';
import type { Directory, RelationChange } from '../seams/directory.js';
import { settleUntil } from './settle-until.js';

/** One or two nodes over one store, started. */
export interface DirectoryNodes extends AsyncDisposable {
  readonly directories: readonly [Directory, ...Directory[]];
}

export interface DirectoryConformanceOptions {
  test(name: string, run: () => Promise<void>): void;
  create(): Promise<DirectoryNodes>;
}

/** What every directory must do. */
export function directoryConformance({ test, create }: DirectoryConformanceOptions): void {
  test('adds and removes facts once', async () => {
    await using nodes = await create();
    const [directory] = nodes.directories;
    const fact = { object: `booking:${createId()}`, relation: 'owner', user: createId() };
    assert.equal(await directory.check(fact), false);
    assert.equal(await directory.change({ ...fact, present: true }), true);
    assert.equal(await directory.change({ ...fact, present: true }), false);
    assert.equal(await directory.check(fact), true);
    assert.equal(await directory.check({ ...fact, relation: 'technician' }), false);
    assert.equal(await directory.check({ ...fact, user: `${fact.user}x` }), false);
    assert.equal(await directory.change({ ...fact, present: false }), true);
    assert.equal(await directory.change({ ...fact, present: false }), false);
    assert.equal(await directory.check(fact), false);
  });

  test('finds the objects of a user by relation and kind, and the facts of an object', async () => {
    await using nodes = await create();
    const [directory] = nodes.directories;
    const user = createId();
    const [group, other] = [`group:${createId()}`, `group:${createId()}`];
    const facts = [
      { object: group, relation: 'member', user },
      { object: group, relation: 'admin', user },
      { object: other, relation: 'member', user },
      { object: `thread:${createId()}`, relation: 'member', user },
    ];
    for (const fact of facts) await directory.change({ ...fact, present: true });
    assert.deepEqual([...(await directory.objectsOf(user, 'member', 'group'))].sort(), [group, other].sort());
    assert.deepEqual(await directory.objectsOf(user, 'member', 'grou'), []);
    assert.deepEqual(await directory.objectsOf(createId(), 'member', 'group'), []);
    const relations = (await directory.relationsOf(group)).map(({ relation }) => relation).sort();
    assert.deepEqual(relations, ['admin', 'member']);
    await directory.change({ object: group, relation: 'member', user, present: false });
    assert.deepEqual(await directory.objectsOf(user, 'member', 'group'), [other]);
  });

  test('tells every node each change once and in order', async () => {
    await using nodes = await create();
    const [writer] = nodes.directories;
    const object = `booking:${createId()}`;
    const heard = nodes.directories.map((directory) => {
      const changes: (RelationChange | null)[] = [];
      directory.onChange((change) => changes.push(change));
      return changes;
    });
    const fact = { object, relation: 'owner', user: 'u1' };
    await writer.change({ ...fact, present: true });
    await writer.change({ ...fact, present: true });
    await writer.change({ ...fact, present: false });
    for (const changes of heard) {
      await settleUntil(() => changes.length === 2, 'two changes', 2_000);
      assert.deepEqual(changes, [
        { ...fact, present: true },
        { ...fact, present: false },
      ]);
    }
    assert.equal(writer.deafForMs(), 0);
  });
}
