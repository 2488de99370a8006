import type {
  Contract,
  ErrorFrame,
  EventFrame,
  GapFrame,
  JoinedFrame,
  LeftFrame,
  PresenceFrame,
  ReceiptFrame,
  RoomKind,
  RoomRequest,
  TrunklineError,
} from '@trunkline/protocol';
import type { Client, Room } from './client-api.js';
import type { AnyEvent, Gap, Left } from './events.js';
import type { Wire } from './exchange.js';
import type { ResolvedOptions } from './options.js';

/** What the server says about one room. */
export type RoomFrame = JoinedFrame | LeftFrame | EventFrame | GapFrame | PresenceFrame | ReceiptFrame;

export interface MembershipParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly failed: (error: unknown) => void;
  readonly userId: () => string | undefined;
  /** Connects, if nobody has. @throws {TrunklineError} once closed, or `cancelled` when the signal has fired */
  readonly start: (signal: AbortSignal | undefined) => void;
  /** For the application and the timeline. */
  readonly told: (what: 'gap' | 'left', detail: Gap | Left) => void;
  readonly event: (event: AnyEvent<Contract>) => void;
  readonly on: Client<Contract>['on'];
}

/**
 * One room as this client knows it, whether it is in it or not: what the application gets, and below what only the client
 * calls. Kept for the client's life; empty while nobody wants it.
 */
export interface Membership extends Room<Contract, RoomKind<Contract>> {
  readonly wanted: boolean;
  /** The hello asks for it: what a join of this room says. */
  asked(): RoomRequest;
  /** Open: what the hello did not say is said now. */
  opened(wasAsked: boolean): void;
  dropped(): void;
  /** Refuses everybody who waits. What was joined is joined again by a later connection, unless the application closed this one. */
  end(error: TrunklineError): void;
  refused(body: ErrorFrame): void;
  readonly handlers: { readonly [T in RoomFrame['type']]: (frame: Extract<RoomFrame, { type: T }>) => void };
}
