import type {
  CloseCode,
  From,
  GapReason,
  LeftReason,
  Position,
  PresenceMember,
  PresenceSnapshot,
  ReceiptCursor,
  TrunklineError,
  WelcomeLimits,
} from '@trunkline/protocol';
import type { Principal } from './authenticator.js';

/** An event as every member gets it. `ref` is set only in the copy for the sender's own user. */
export interface EventNotice {
  readonly type: 'event';
  readonly room: string;
  readonly event: string;
  readonly id: string;
  readonly ref?: string | undefined;
  readonly offset?: number | undefined;
  readonly epoch?: string | undefined;
  readonly provisional?: true | undefined;
  readonly from: From;
  readonly data: unknown;
  readonly timestamp: number;
  /** True for a copy replayed from the log. */
  readonly replayed?: true | undefined;
}

/** The usual ping; encoders may keep its frame. */
export const PING: Notice = { type: 'ping' };

export type Notice =
  | {
      readonly type: 'opened';
      readonly ref?: string;
      readonly connectionId: string;
      readonly session: string;
      readonly principal: Principal;
      readonly serverTime: number;
      readonly limits: WelcomeLimits;
      readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
    }
  | EventNotice
  /** A message to this one connection (`send`). */
  | {
      readonly type: 'direct';
      readonly room: string;
      readonly event: string;
      readonly id: string;
      readonly from: From;
      readonly data: unknown;
      readonly timestamp: number;
    }
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly version: number;
      readonly change: 'join' | 'update' | 'leave' | 'sync';
      readonly member?: PresenceMember;
      /** With `member`: the connection whose state it shows; of `leave` the one that went last. */
      readonly connectionId?: string;
      readonly members?: readonly PresenceMember[];
      readonly timestamp: number;
    }
  /** `ref`: the join command that asked; absent when the hub joined by itself. */
  | {
      readonly type: 'joined';
      readonly ref?: string;
      readonly room: string;
      readonly position: Position;
      readonly recovered: boolean;
      readonly reason?: GapReason;
      readonly missed: number;
      readonly presence?: PresenceSnapshot;
      /** Its user came to the room with this connection, or it can not be known. */
      readonly first?: true;
      readonly timestamp: number;
    }
  /** A room of `OpenOptions.rooms` could not be joined; the others go on. `ref`: the hello's id. A refused `join` is told by its reply. */
  | {
      readonly type: 'join_refused';
      readonly ref?: string;
      readonly room: string;
      readonly index: number;
      readonly error: TrunklineError;
    }
  /** The hub ended a membership. */
  | {
      readonly type: 'left';
      readonly room: string;
      readonly reason: LeftReason;
      readonly retryable: boolean;
      readonly timestamp: number;
    }
  | {
      readonly type: 'receipt';
      readonly room: string;
      readonly epoch: string;
      readonly cursors: readonly ReceiptCursor[];
    }
  | {
      readonly type: 'gap';
      readonly room: string;
      readonly reason: GapReason;
      readonly from: Position;
      readonly position: Position;
    }
  | { readonly type: 'call'; readonly id: string; readonly method: string; readonly data: unknown }
  | { readonly type: 'call_cancelled'; readonly of: string }
  | { readonly type: 'progress'; readonly ref: string; readonly data: unknown }
  /** With `reconnectSpreadMs` when it is no longer what the connection was told. */
  | { readonly type: 'ping'; readonly reconnectSpreadMs?: number }
  | { readonly type: 'expiring'; readonly expiresAt: number }
  /** A broadcast to every connection (`system_notification`). */
  | {
      readonly type: 'broadcast';
      readonly event: string;
      readonly id: string;
      readonly data: unknown;
      readonly timestamp: number;
    }
  /** A relation of this user changed; told to the user's connections (falcon's group_membership_change). */
  | {
      readonly type: 'relation';
      readonly object: string;
      readonly relation: string;
      readonly present: boolean;
      readonly userId: string;
      readonly timestamp: number;
    }
  | {
      readonly type: 'goaway';
      readonly code: CloseCode;
      readonly reason: string;
      readonly reconnect: boolean;
      readonly afterMs: number;
    };
