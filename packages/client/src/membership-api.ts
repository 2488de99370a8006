import type {
  ErrorFrame,
  EventFrame,
  GapFrame,
  JoinedFrame,
  LeftFrame,
  Position,
  RoomRequest,
  TrunklineError,
} from '@trunkline/protocol';
import type { JoinedInfo, JoinOptions, RoomStatus } from './client-api.js';
import type { Gap, Left } from './events.js';
import type { Wire } from './exchange.js';
import type { Listeners } from './listeners.js';
import type { ResolvedOptions } from './options.js';
import type { PresenceStore } from './presence.js';
import type { ReceiptStore } from './receipts.js';
import type { TypingStore } from './typing.js';

export interface MembershipParts {
  readonly options: ResolvedOptions;
  readonly wire: Wire;
  readonly userId: () => string | undefined;
  readonly gap: (gap: Gap) => void;
  readonly left: (left: Left) => void;
  readonly event: (frame: EventFrame) => void;
  /** The join was answered. */
  readonly settled: () => void;
}

/** One room as this client knows it, whether it is in it or not. Kept for the client's life; empty while nobody wants it. */
export interface Membership {
  readonly room: string;
  readonly status: RoomStatus;
  readonly position: Position | undefined;
  /** Where live delivery began: history before it and events after it leave no hole and no double. */
  readonly liveFrom: Position | undefined;
  readonly wanted: boolean;
  readonly presence: PresenceStore;
  readonly typing: TypingStore;
  readonly receipts: ReceiptStore;
  readonly events: Listeners<[EventFrame]>;
  readonly statuses: Listeners<[RoomStatus]>;
  join(options: JoinOptions): Promise<JoinedInfo>;
  leave(): Promise<void>;
  /** What a join of this room says. */
  request(): RoomRequest;
  /** The hello asks for it. */
  asked(): void;
  /** Open: what the hello did not say is said now. */
  opened(wasAsked: boolean): void;
  dropped(): void;
  /** Refuses everybody who waits. What was joined is joined again by a later connection, unless the application closed this one. */
  end(error: TrunklineError, isOwnWish: boolean): void;
  refused(body: ErrorFrame): void;
  handleJoined(frame: JoinedFrame): void;
  handleLeft(frame: LeftFrame): void;
  handleEvent(frame: EventFrame): void;
  handleGap(frame: GapFrame): void;
}
