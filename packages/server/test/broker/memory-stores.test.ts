import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMemoryDirectory } from '../../src/directory/memory-directory.js';
import { createMemoryLedger } from '../../src/ledger/memory-ledger.js';
import { createMemoryPresenceStore } from '../../src/presence/memory-presence-store.js';
import { createMemoryRoster } from '../../src/roster/memory-roster.js';

async function temporaryFile() {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-directory-'));
  return { path: join(directory, 'relations.json'), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

test('the ledger remembers requests within its bound, the newest longest', async () => {
  const ledger = createMemoryLedger({ maxKeys: 16 });
  const claim = async (key: number) => (await ledger.claim(`${key}`, 'data', 60_000)).status;
  for (let key = 0; key < 100; key += 1) expect(await claim(key)).toBe('claimed');
  for (let key = 99; key > 84; key -= 1) expect(await claim(key)).toBe('running');
  expect(await claim(80)).toBe('claimed');
  await ledger.close();
});

test('presence knows the version of 10 000 empty rooms, the newest longest, and of every room in use', async () => {
  let now = 1_000;
  const presence = createMemoryPresenceStore({ now: () => now });
  const versionOf = async (room: string) => (await presence.list(room)).version;
  await presence.touch('lobby:used', { userId: 'ann', connectionId: 'c1', state: null });
  await presence.touch('lobby:left', { userId: 'ann', connectionId: 'c1', state: null });
  await presence.remove('lobby:left', 'c1');
  now = 5_000;
  for (let room = 0; room < 9_999; room++) await versionOf(`lobby:${room}`);
  expect(await versionOf('lobby:left')).toBe(1_002);
  await versionOf('lobby:more');
  expect(await versionOf('lobby:left')).toBe(5_000);
  now = 9_000;
  expect(await versionOf('lobby:0')).toBe(9_000);
  expect(await presence.list('lobby:used')).toMatchObject({ version: 1_001, members: [{ userId: 'ann' }] });
  await presence.close();
});

test('relations survive in their snapshot, and no half-written file is ever there', async () => {
  await using file = await temporaryFile();
  const first = createMemoryDirectory({ snapshotPath: file.path });
  await first.start();
  const facts = Array.from({ length: 50 }, (_, index) => ({
    object: `group:${index}`,
    relation: 'member',
    user: 'ann',
  }));
  const changes = facts.map((fact) => first.change({ ...fact, present: true }));
  // Whatever moment is looked at, the file is whole.
  await changes[0];
  expect(JSON.parse(await readFile(file.path, 'utf8'))).toMatchObject({ version: 1 });
  await Promise.all(changes);
  await first.change({ ...facts[0], object: 'group:0', relation: 'member', user: 'ann', present: false });
  const second = createMemoryDirectory({ snapshotPath: file.path });
  await second.start();
  expect(await second.objectsOf('ann', 'member', 'group')).toHaveLength(49);
  expect(await second.check({ object: 'group:0', relation: 'member', user: 'ann' })).toBe(false);
});

test('a file that is no snapshot is an error that names it, not an empty directory', async () => {
  await using file = await temporaryFile();
  await writeFile(file.path, '{"relations":[["a"]]}');
  await expect(createMemoryDirectory({ snapshotPath: file.path }).start()).rejects.toThrow(file.path);
});

test('the directory refuses more relations than it may hold', async () => {
  const directory = createMemoryDirectory({
    maxRelations: 1,
    relations: [{ object: 'group:1', relation: 'member', user: 'a' }],
  });
  await expect(
    directory.change({ object: 'group:2', relation: 'member', user: 'a', present: true }),
  ).rejects.toMatchObject({
    code: 'queue_full',
  });
  expect(await directory.change({ object: 'group:1', relation: 'member', user: 'a', present: true })).toBe(false);
});

test('the roster pages connections by user prefix and counts rooms', async () => {
  const roster = createMemoryRoster();
  for (let index = 0; index < 9; index += 1) {
    const userId = index % 3 === 0 ? `ann-${index}` : `bob-${index}`;
    roster.set({
      connectionId: `c${index}`,
      nodeId: 'n',
      userId,
      dialect: 'trunkline',
      connectedAt: index,
      rooms: ['lobby:all'],
    });
  }
  const first = await roster.connections({ limit: 2, prefix: 'ann' });
  expect(first.items.map(({ connectionId }) => connectionId)).toEqual(['c0', 'c3']);
  const second = await roster.connections({ limit: 2, prefix: 'ann', cursor: first.next ?? '' });
  expect([second.items.length, second.next]).toEqual([1, null]);
  roster.remove({ connectionId: 'c0', userId: 'ann-0' });
  expect(await roster.rooms({ limit: 5 })).toEqual({ items: [{ room: 'lobby:all', connections: 8 }], next: null });
  expect(await roster.count()).toBe(8);
});
