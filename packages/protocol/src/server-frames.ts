import type { Position } from './position.js';
import type { ErrorBody } from './trunkline-error.js';

/** Who caused an event: a person's connection, or another service. */
export type From = { readonly userId: string; readonly connectionId?: string } | { readonly service: string };

/** What the server allows this connection; told in `welcome`, so that the SDK can pace itself. */
export interface WelcomeLimits {
  readonly maxMessageBytes: number;
  readonly maxRooms: number;
  readonly maxUnacked: number;
  readonly messagesPerSecond: number;
  readonly burst: number;
  readonly dedupeWindowMs: number;
  readonly reconnectSpreadMs: number;
}

export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly id: string;
  readonly connectionId: string;
  readonly session: string;
  readonly userId: string;
  /** Milliseconds since 1970, UTC, as every time on this wire. */
  readonly serverTime: number;
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly limits: WelcomeLimits;
  /** When the token ends; null for one that does not. */
  readonly expiresAt: number | null;
}

export interface PresenceMember {
  readonly userId: string;
  readonly connectionIds: readonly string[];
  readonly state: unknown;
}

export interface PresenceSnapshot {
  readonly version: number;
  readonly members: readonly PresenceMember[];
}

/** Why a resume did not recover, or a live room has a hole. */
export type GapReason = 'trimmed' | 'epoch_changed' | 'rewound' | 'unknown_position' | 'purged';

export interface JoinedFrame {
  readonly type: 'joined';
  readonly id?: string;
  readonly room: string;
  /** Where the events that follow continue; take it as the new position. */
  readonly position: Position;
  /** True: every event missed since the given position follows, once. False without `reason`: no position was given. */
  readonly recovered: boolean;
  readonly reason?: GapReason;
  /** How many logged events follow before live ones. */
  readonly missed: number;
  readonly presence?: PresenceSnapshot;
}

export type LeftReason = 'forbidden' | 'relation_removed' | 'token_refreshed' | 'authorisation_stale' | 'unavailable';

export interface LeftFrame {
  readonly type: 'left';
  readonly room: string;
  readonly reason: LeftReason;
  readonly retryable: boolean;
}

export interface EventFrame {
  readonly type: 'event';
  readonly room: string;
  readonly event: string;
  readonly id: string;
  readonly ref?: string;
  readonly offset?: number;
  readonly epoch?: string;
  readonly provisional?: true;
  readonly from: From;
  readonly data: unknown;
  readonly timestamp: number;
}

export interface AckedRoom {
  readonly room: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly duplicate?: true;
  readonly error?: ErrorBody;
}

export interface AckFrame {
  readonly type: 'ack';
  readonly id: string;
  readonly eventId: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly duplicate?: true;
  readonly rooms?: readonly AckedRoom[];
}

export interface ResponseFrame {
  readonly type: 'response';
  readonly id: string;
  readonly data: unknown;
}

export interface ProgressFrame {
  readonly type: 'progress';
  readonly id: string;
  readonly data: unknown;
}

export interface CallFrame {
  readonly type: 'call';
  readonly id: string;
  readonly method: string;
  readonly data: unknown;
}

export interface CancelCallFrame {
  readonly type: 'cancel';
  readonly of: string;
}

export type PresenceFrame =
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly version: number;
      readonly change: 'join' | 'update' | 'leave';
      readonly member: PresenceMember;
    }
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly version: number;
      readonly change: 'sync';
      readonly members: readonly PresenceMember[];
    };

export interface ReceiptCursor {
  readonly userId: string;
  readonly delivered?: number;
  readonly read?: number;
}

export interface ReceiptFrame {
  readonly type: 'receipt';
  readonly room: string;
  readonly epoch: string;
  readonly cursors: readonly ReceiptCursor[];
}

export interface GapFrame {
  readonly type: 'gap';
  readonly room: string;
  readonly reason: GapReason;
  readonly from: Position;
  readonly position: Position;
}

export interface ExpiringFrame {
  readonly type: 'expiring';
  readonly expiresAt: number;
}

export interface GoawayFrame {
  readonly type: 'goaway';
  readonly code: number;
  readonly reason: string;
  readonly reconnect: boolean;
  readonly afterMs: number;
}

export interface ErrorFrame extends ErrorBody {
  readonly type: 'error';
  readonly id?: string;
}

export interface PingFrame {
  readonly type: 'ping';
  /** In place of the one in `welcome.limits`, once the node has many more or fewer connections than then. */
  readonly reconnectSpreadMs?: number;
}

export type ServerFrame =
  | WelcomeFrame
  | JoinedFrame
  | LeftFrame
  | EventFrame
  | AckFrame
  | ResponseFrame
  | ProgressFrame
  | CallFrame
  | CancelCallFrame
  | PresenceFrame
  | ReceiptFrame
  | GapFrame
  | ExpiringFrame
  | GoawayFrame
  | ErrorFrame
  | PingFrame;

/** What `response.data` holds for `refresh`. */
export interface RefreshResult {
  readonly expiresAt: number | null;
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/** What `response.data` holds for `receipts`: how many other users got or read everything up to the offset. */
export interface ReceiptCounts {
  readonly epoch: string;
  readonly delivered: number;
  readonly read: number;
}

/** What `response.data` holds for `history`: oldest first. */
export interface HistoryResult {
  readonly events: readonly EventFrame[];
  readonly position: Position;
  readonly trimmedOffset: number;
}
