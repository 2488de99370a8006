import type {
  Contract,
  EventData,
  EventFrame,
  EventName,
  From,
  GapReason,
  LeftReason,
  Position,
  RoomKind,
} from '@trunkline/protocol';

/** One event as the application gets it. */
export interface RoomEvent<C extends Contract, K extends RoomKind<C>, E extends EventName<C, K>> {
  readonly room: string;
  readonly event: E;
  readonly data: EventData<C, K, E>;
  /** The server's; the same in every room and every delivery of this event. */
  readonly id: string;
  /** The id its publisher gave it, told to the publisher's own user only: match an optimistic entry with it. */
  readonly ref?: string;
  readonly from: From;
  /** Milliseconds since 1970, server time. */
  readonly timestamp: number;
  /** Place in the room's log; absent for ephemeral and provisional events. */
  readonly offset?: number;
  readonly epoch?: string;
  /** True while the log is away: shown once, kept later under the same id, not shown again. */
  readonly provisional: boolean;
}

/** Any event of a room kind, or of each of several; `event` narrows `data`. */
export type AnyRoomEvent<C extends Contract, K extends RoomKind<C>> =
  K extends RoomKind<C> ? { [E in EventName<C, K>]: RoomEvent<C, K, E> }[EventName<C, K>] : never;

/** Any event of the contract, or one sent to everybody. */
export type AnyEvent<C extends Contract> = AnyRoomEvent<C, RoomKind<C>>;

/** Events were missed that the log cannot give any more: load the room's truth again. */
export interface Gap {
  readonly room: string;
  readonly reason: GapReason;
  /** The last place known before it. */
  readonly from: Position | undefined;
  /** Where events go on. */
  readonly position: Position;
}

/** The server took the room away. */
export interface Left {
  readonly room: string;
  readonly reason: LeftReason | (string & {});
  /** True: the client joins again by itself. */
  readonly retryable: boolean;
}

/** An event as the application gets it; what is inside was checked by the server against the contract. */
export function toEvent<E>({
  type: _,
  provisional = false,
  ...frame
}: Omit<EventFrame, 'provisional'> & { readonly provisional?: boolean }): E {
  return { ...frame, provisional } as E;
}
