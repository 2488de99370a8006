import { type AnyRoomEvent, createClient } from '@trunkline/client';
import type { Contract, PresenceMember } from '@trunkline/protocol';
import { getTicket } from '../api.js';

export type TailEntry =
  | { readonly kind: 'event'; readonly key: string; readonly event: AnyRoomEvent<Contract, string> }
  | { readonly kind: 'note'; readonly key: string; readonly text: string };
export interface Tail {
  readonly status: string;
  readonly entries: readonly TailEntry[];
  readonly members: readonly PresenceMember[];
  /** Where the log was when this began, and what it was since. */
  readonly position: string | null;
}

export const EMPTY_TAIL: Tail = { status: 'connecting', entries: [], members: [], position: null };
const KEPT = 500;
const REWIND = 50;

/** Follows a room as a member of it, from its last events on. @returns the end of it */
export function watchRoom(name: string, tell: (change: (before: Tail) => Tail) => void): () => void {
  const client = createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/connect`,
    token: getTicket,
  });
  const colon = name.indexOf(':');
  const room = client.room(name.slice(0, colon), name.slice(colon + 1));
  let notes = 0;
  const add = (entry: TailEntry) =>
    tell((before) => ({ ...before, entries: [...before.entries.slice(1 - KEPT), entry] }));
  const note = (text: string) => {
    notes += 1;
    add({ kind: 'note', key: `note ${notes}`, text });
  };
  const showPlace = () => {
    const { position } = room;
    if (position) tell((before) => ({ ...before, position: `${position.epoch} : ${position.offset}` }));
  };

  client.on('state', ({ status }) => tell((before) => ({ ...before, status })));
  room.onEvent((event) => {
    add({ kind: 'event', key: event.id, event });
    showPlace();
  });
  room.onGap(({ reason }) => note(`Events were missed for good: ${reason}`));
  room.onLeft(({ reason }) => note(`The server ended the membership: ${reason}`));
  room.presence.on(() => tell((before) => ({ ...before, members: room.presence.members })));
  room.join({ rewind: REWIND }).then(
    () => {
      tell((before) => ({ ...before, members: room.presence.members }));
      showPlace();
    },
    (error: unknown) => note(`Not joined: ${error instanceof Error ? error.message : String(error)}`),
  );
  return () => void client.close();
}
