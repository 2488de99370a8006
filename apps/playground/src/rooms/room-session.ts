import type { AnyRoomEvent, Client, Room, RoomStatus } from '@trunkline/client';
import { type Contract, isRoomName, type PresenceMember, TrunklineError } from '@trunkline/protocol';
import { appended, createStore, type Store } from '../store.js';

export type RoomEntry =
  | { readonly kind: 'event'; readonly key: string; readonly event: AnyRoomEvent<Contract, string> }
  | { readonly kind: 'note'; readonly key: string; readonly text: string };

/** One room as the page shows it; goes on collecting while another room is looked at. */
export interface RoomSession {
  readonly room: Room;
  readonly status: Store<RoomStatus>;
  readonly entries: Store<readonly RoomEntry[]>;
  readonly members: Store<readonly PresenceMember[]>;
  readonly typists: Store<readonly string[]>;
  /** Puts the page before the oldest event in front. False: there is none. */
  loadOlder(): Promise<boolean>;
  leave(): Promise<void>;
}

const CAPACITY = 500;
const PAGE = 50;

/** Joins at once; a refusal becomes an entry. @throws {TrunklineError} `invalid_room` */
export function openRoom(client: Client, name: string): RoomSession {
  const room = client.room(...splitRoom(name));
  const status = createStore<RoomStatus>(room.status);
  const entries = createStore<readonly RoomEntry[]>([]);
  const members = createStore<readonly PresenceMember[]>([]);
  const typists = createStore<readonly string[]>([]);
  const seen = new Set<string>();
  let notes = 0;

  function note(text: string): void {
    notes += 1;
    entries.set(appended(entries.get(), { kind: 'note', key: `note ${notes}`, text }, CAPACITY));
  }
  function isNew({ id }: { readonly id: string }): boolean {
    return !seen.has(id) && seen.add(id) !== undefined;
  }
  const stops = [
    room.onStatus(status.set),
    room.onEvent((event) => {
      if (event.event === 'typing' || !isNew(event)) return;
      entries.set(appended(entries.get(), { kind: 'event', key: event.id, event }, CAPACITY));
    }),
    room.onGap((gap) => note(`Events were missed for good: ${gap.reason}`)),
    room.onLeft((left) => note(`The server ended the membership: ${left.reason}`)),
    room.presence.on(() => members.set(room.presence.members)),
    room.typing.on(typists.set),
  ];
  room.join().then(
    (joined) => {
      members.set(room.presence.members);
      note(`Joined at offset ${joined.position.offset}`);
    },
    (error: unknown) => note(`Not joined: ${explainError(error)}`),
  );

  return {
    room,
    status,
    entries,
    members,
    typists,
    async loadOlder() {
      const oldest = entries.get().find((entry) => entry.kind === 'event' && entry.event.offset !== undefined);
      const before = oldest?.kind === 'event' ? oldest.event.offset : undefined;
      const page = await room.history({ limit: PAGE, ...(before === undefined ? {} : { before }) });
      const older = page.events.filter(isNew).map((event) => ({ kind: 'event', key: event.id, event }) as const);
      entries.set([...older, ...entries.get()]);
      return older.length > 0;
    },
    async leave() {
      for (const stop of stops) stop();
      await room.leave();
    },
  };
}

/** One line for people: the code, and what to do. */
export function explainError(error: unknown): string {
  if (error instanceof TrunklineError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function splitRoom(name: string): [kind: string, id: string] {
  if (!isRoomName(name)) throw new TrunklineError('invalid_room', 'Name it kind:id, such as lobby:main.');
  const colon = name.indexOf(':');
  return [name.slice(0, colon), name.slice(colon + 1)];
}
