import type { Contract, EventFrame, HistoryResult, RoomKind } from '@trunkline/protocol';
import type { Client, HistoryPage, HistoryQuery, Published, PublishOptions, Room } from './client-api.js';
import { createEventStream } from './event-stream.js';
import type { AnyRoomEvent } from './events.js';
import type { Wire } from './exchange.js';
import type { Membership } from './membership-api.js';
import type { Outbox } from './outbox-api.js';

export interface RoomParts<C extends Contract> {
  readonly membership: Membership;
  readonly outbox: Outbox;
  readonly wire: Wire;
  readonly on: Client<C>['on'];
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

/** An event as the application gets it; what is inside was checked by the server against the contract. */
export function toEvent<E>({
  type: _,
  provisional = false,
  ...frame
}: Omit<EventFrame, 'provisional'> & { readonly provisional?: boolean }): E {
  return { ...frame, provisional } as E;
}

/** A typed view of one membership; it holds no state of its own, so any number may exist. */
export function createRoom<C extends Contract, K extends RoomKind<C>>(parts: RoomParts<C>): Room<C, K> {
  const { membership, outbox, wire, start, on } = parts;
  const { room, events, presence, typing, receipts } = membership;
  type Event = AnyRoomEvent<C, K>;
  const onEvent = (listener: (event: Event) => void) => events.add((frame) => listener(toEvent<Event>(frame)));

  async function history(query: HistoryQuery = {}): Promise<HistoryPage<C, K>> {
    const { limit = PAGE, after, signal } = query;
    const from = membership.liveFrom;
    const before = query.before ?? (after === undefined && from ? from.offset + 1 : undefined);
    start();
    const data = await outbox.request({ type: 'history', room, limit, before, after }, { signal });
    const { events: frames, position, trimmedOffset } = data as HistoryResult;
    const oldest = frames[0]?.offset ?? 0;
    return {
      events: frames.map((frame) => toEvent<Event>(frame)),
      position,
      trimmedOffset,
      async older() {
        if (oldest <= trimmedOffset + 1) return null;
        const page = await history({ limit, before: oldest, signal });
        return page.events.length === 0 ? null : page;
      },
    };
  }

  return {
    name: room,
    get status() {
      return membership.status;
    },
    get position() {
      return membership.position;
    },
    presence,
    typing,
    receipts,
    async join(options = {}) {
      start();
      return await membership.join(options);
    },
    leave: membership.leave,
    on: (event, listener) =>
      events.add((frame) => {
        if (frame.event === event) listener(toEvent(frame));
      }),
    onEvent,
    onGap: (listener) => on('gap', (gap) => gap.room === room && listener(gap)),
    onLeft: (listener) => on('left', (left) => left.room === room && listener(left)),
    onStatus: membership.statuses.add,
    events: ({ signal } = {}) => createEventStream<Event>(onEvent, signal),
    publish: (event, data, options) => parts.publish([room], event, data, options),
    signal: (event, data) => wire.ask({ type: 'publish', room, event, data }),
    history,
    read: (offset) => receipts.move('read', offset),
    delivered: (offset) => receipts.move('delivered', offset),
  };
}
