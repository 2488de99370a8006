import { type Contract, createId, type EventFrame, type HistoryResult, type RoomKind } from '@trunkline/protocol';
import type { HistoryPage, HistoryQuery, Published, PublishOptions, Room } from './client-api.js';
import { createEventStream } from './event-stream.js';
import type { AnyRoomEvent } from './events.js';
import type { Wire } from './exchange.js';
import type { Membership } from './membership.js';
import type { Memberships } from './memberships.js';
import type { Requests } from './requests.js';

export interface RoomParts {
  readonly name: string;
  readonly memberships: Memberships;
  readonly requests: Requests;
  readonly wire: Wire;
  /** Connects, if nobody has. */
  readonly start: () => void;
  readonly publish: (
    rooms: readonly string[],
    event: string,
    data: unknown,
    options?: PublishOptions,
  ) => Promise<Published>;
}

const PAGE = 50;

/** An event as the application gets it. What is inside was checked by the server against the contract. */
export function toEvent<E>({ type: _, ...frame }: EventFrame): E {
  return { ...frame, provisional: frame.provisional === true } as E;
}

/** A typed view of one membership; it holds no state of its own, so any number may exist. */
export function createRoom<C extends Contract, K extends RoomKind<C>>(parts: RoomParts): Room<C, K> {
  const { name, memberships, requests, wire, start } = parts;
  type Event = AnyRoomEvent<C, K>;
  const mine = (): Membership => memberships.get(name);
  const onEvent = (listener: (event: Event) => void) => mine().events.add((frame) => listener(toEvent<Event>(frame)));

  async function history(query: HistoryQuery = {}): Promise<HistoryPage<C, K>> {
    const { limit = PAGE, after, signal } = query;
    const from = mine().liveFrom;
    const before = query.before ?? (after === undefined && from ? from.offset + 1 : undefined);
    const range = after === undefined ? { ...(before !== undefined && { before }) } : { after };
    start();
    const data = await requests.run({ type: 'history', room: name, limit, ...range }, { ...(signal && { signal }) });
    const { events, position, trimmedOffset } = data as HistoryResult;
    const oldest = events[0]?.offset;
    return {
      events: events.map((frame) => toEvent<Event>(frame)),
      position,
      trimmedOffset,
      async older() {
        if (oldest === undefined || oldest <= trimmedOffset + 1) return null;
        const page = await history({ before: oldest, limit, ...(signal && { signal }) });
        return page.events.length === 0 ? null : page;
      },
    };
  }

  return {
    name,
    get status() {
      return mine().status;
    },
    get position() {
      return mine().cursor.position;
    },
    presence: {
      get members() {
        return mine().presence.members;
      },
      get snapshot() {
        return mine().presence;
      },
      on: (listener) => mine().presences.add(listener),
      set(state) {
        const room = mine();
        room.myState = { state };
        if (room.status === 'joined') wire.send({ type: 'presence', id: createId(), room: name, state });
      },
    },
    typing: {
      get users() {
        return mine().typing.users;
      },
      on: (listener) => mine().typing.on(listener),
      start: () => mine().typing.start(),
      stop: () => mine().typing.stop(),
    },
    receipts: {
      get cursors() {
        return mine().receipts.cursors;
      },
      on: (listener) => mine().receipts.on(listener),
    },
    async join(options = {}) {
      start();
      return await memberships.join(name, options);
    },
    leave: () => memberships.leave(name),
    on: (event, listener) =>
      mine().events.add((frame) => {
        if (frame.event === event) listener(toEvent(frame));
      }),
    onEvent,
    onGap: (listener) => mine().gaps.add(listener),
    onLeft: (listener) => mine().lefts.add(listener),
    onStatus: (listener) => mine().statuses.add(listener),
    events: ({ signal } = {}) => createEventStream<Event>(onEvent, signal),
    publish: (event, data, options) => parts.publish([name], event, data, options),
    signal: (event, data) => wire.send({ type: 'publish', id: createId(), room: name, event, data }),
    history,
    read: (offset) => mine().receipts.move('read', offset),
    delivered: (offset) => mine().receipts.move('delivered', offset),
  };
}
