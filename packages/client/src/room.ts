import type { Contract, EventFrame, HistoryResult, Position, RoomKind } from '@trunkline/protocol';
import type { HistoryPage, HistoryQuery, Room } from './client-api.js';
import type { ConnectionState } from './connection-state.js';
import { createEventStream } from './event-stream.js';
import type { AnyEvent } from './events.js';
import type { Listeners } from './listeners.js';
import type { MembershipParts } from './membership-api.js';

export interface RoomApiParts {
  readonly room: string;
  readonly events: Listeners<[AnyEvent<Contract>]>;
  /** Where live delivery began. */
  readonly liveFrom: () => Position | undefined;
}

/** By `client.close()`: after any other end `reconnect()` goes on. */
function isClosedByUs(state: ConnectionState): boolean {
  return state.status === 'closed' && state.cause.code === 1_000;
}

type Contractless = Room<Contract, RoomKind<Contract>>;
/** Events of a room: in, out, and earlier ones. */
export type RoomApi = Pick<
  Contractless,
  'name' | 'on' | 'onEvent' | 'onGap' | 'onLeft' | 'events' | 'publish' | 'signal' | 'history'
>;

/** An event as the application gets it; what is inside was checked by the server against the contract. */
export function toEvent<E>({
  type: _,
  provisional = false,
  ...frame
}: Omit<EventFrame, 'provisional'> & { readonly provisional?: boolean }): E {
  return { ...frame, provisional } as E;
}

export function createRoomApi(
  { room, events, liveFrom }: RoomApiParts,
  { outbox, wire, on }: Pick<MembershipParts, 'outbox' | 'wire' | 'on'>,
): RoomApi {
  async function history(query: HistoryQuery = {}): Promise<HistoryPage<Contract, RoomKind<Contract>>> {
    const { limit = 50, after, signal } = query;
    const from = liveFrom();
    const before = query.before ?? (after === undefined && from ? from.offset + 1 : undefined);
    const data = (await outbox.request({ type: 'history', room, limit, before, after }, { signal })) as HistoryResult;
    const oldest = data.events[0]?.offset ?? 0;
    return {
      ...data,
      events: data.events.map((frame) => toEvent<AnyEvent<Contract>>(frame)),
      async older() {
        if (oldest <= data.trimmedOffset + 1) return null;
        const page = await history({ limit, before: oldest, signal });
        return page.events.length === 0 ? null : page;
      },
    };
  }

  return {
    name: room,
    on: (event, listener) =>
      events.add((one) => {
        if (one.event === event) listener(one as never);
      }),
    onEvent: events.add,
    onGap: (listener) => on('gap', (gap) => gap.room === room && listener(gap)),
    onLeft: (listener) => on('left', (left) => left.room === room && listener(left)),
    events: ({ signal } = {}) =>
      createEventStream(events.add, (stop) => on('state', (state) => isClosedByUs(state) && stop()), signal),
    publish: (event, data, options) => outbox.publish([room], event, data, options),
    signal: (event, data) => wire.ask({ type: 'publish', room, event, data }),
    history,
  };
}
