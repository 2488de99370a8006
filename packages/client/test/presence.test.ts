import type { PresenceFrame, PresenceMember } from '@trunkline/protocol';
import { describe, expect, test } from 'vitest';
import { applyPresence, createPresence, diffPresence, NOBODY } from '../src/presence.js';

describe('presence', () => {
  const member = (userId: string, state: unknown = null): PresenceMember => ({
    userId,
    connectionIds: [`c_${userId}`],
    state,
  });
  const change = (version: number, kind: 'join' | 'update' | 'leave', who: PresenceMember): PresenceFrame => ({
    type: 'presence',
    room: 'lobby:main',
    version,
    change: kind,
    member: who,
  });

  test('changes apply by version, and members keep their place', () => {
    const start = { version: 3, members: [member('a'), member('b')] };
    const next = [
      change(4, 'join', member('c')),
      change(5, 'update', member('a', 'away')),
      change(6, 'leave', member('b')),
    ].reduce(applyPresence, start);
    expect(next).toEqual({ version: 6, members: [member('a', 'away'), member('c')] });
  });

  test('a change that races the snapshot and is not above its version is dropped', () => {
    const snapshot = { version: 7, members: [member('a')] };
    expect(applyPresence(snapshot, change(7, 'leave', member('a')))).toBe(snapshot);
    expect(
      applyPresence(snapshot, { type: 'presence', room: 'lobby:main', version: 6, change: 'sync', members: [] }),
    ).toBe(snapshot);
  });

  const [ann, bob, cem] = [member('ann'), member('bob'), member('cem')];
  const away = member('ann', 'away');
  const twice: PresenceMember = { ...ann, connectionIds: ['c_ann', 'c_other'] };
  test.each([
    { what: 'nothing', before: [ann, bob], next: [ann, bob], joined: [], updated: [], left: [] },
    { what: 'equal members of a new snapshot', before: [ann], next: [{ ...ann }], joined: [], updated: [], left: [] },
    { what: 'another order', before: [ann, bob], next: [bob, ann], joined: [], updated: [], left: [] },
    { what: 'somebody new', before: [ann], next: [ann, cem], joined: [cem], updated: [], left: [] },
    { what: 'another state', before: [ann, bob], next: [away, bob], joined: [], updated: [away], left: [] },
    { what: 'one more connection', before: [ann], next: [twice], joined: [], updated: [twice], left: [] },
    { what: 'somebody gone', before: [ann, bob], next: [bob], joined: [], updated: [], left: [ann] },
    { what: 'all of it', before: [ann, bob], next: [away, cem], joined: [cem], updated: [away], left: [bob] },
    { what: 'everybody gone', before: [ann, bob], next: [], joined: [], updated: [], left: [ann, bob] },
  ])('the diff of $what', ({ before, next, joined, updated, left }) => {
    expect(diffPresence(before, next)).toEqual({ joined, updated, left });
  });

  const sync = (version: number, members: readonly PresenceMember[]): PresenceFrame => ({
    type: 'presence',
    room: 'lobby:main',
    version,
    change: 'sync',
    members,
  });
  test.each([
    { what: 'a join', frame: change(8, 'join', cem), version: 8, members: [ann, bob, cem] },
    { what: 'a join of somebody who is there', frame: change(8, 'join', away), version: 8, members: [away, bob] },
    { what: 'an update of somebody unknown', frame: change(8, 'update', cem), version: 8, members: [ann, bob, cem] },
    { what: 'a leave', frame: change(8, 'leave', ann), version: 8, members: [bob] },
    { what: 'a leave of somebody unknown', frame: change(8, 'leave', cem), version: 8, members: [ann, bob] },
    { what: 'a sync', frame: sync(12, [cem]), version: 12, members: [cem] },
    { what: 'a change of the same version', frame: change(7, 'leave', ann), version: 7, members: [ann, bob] },
    { what: 'an older sync', frame: sync(6, []), version: 7, members: [ann, bob] },
  ])('$what gives the list that the server means', ({ frame, version, members }) => {
    const after = applyPresence({ version: 7, members: [ann, bob] }, frame);
    expect([after.version, after.members]).toEqual([version, members]);
  });

  test('a store tells differences only, its own state after each join, and nobody once it is left', () => {
    const told: unknown[] = [];
    const presence = createPresence((state) => told.push(state));
    const diffs: unknown[] = [];
    presence.on((diff) => diffs.push(diff));
    presence.set('busy');
    presence.sync({ version: 3, members: [ann] });
    presence.sync({ version: 3, members: [{ ...ann }] });
    presence.change(change(4, 'update', away));
    presence.joined();
    expect([presence.version, presence.members]).toEqual([4, [away]]);
    presence.reset();
    presence.joined();
    expect(told).toEqual(['busy', 'busy']);
    expect(diffs).toEqual([
      { joined: [ann], updated: [], left: [] },
      { joined: [], updated: [away], left: [] },
      { joined: [], updated: [], left: [away] },
    ]);
    expect([presence.members, NOBODY.members]).toEqual([[], []]);
  });
});
