import type { Position } from './position.js';

export interface RoomRequest {
  readonly room: string;
  /** Resume after this position. */
  readonly position?: Position;
  /** Also the last n events of the log, when nothing is resumed. */
  readonly rewind?: number;
}

export type ReceiptKind = 'delivered' | 'read';

export interface HelloFrame {
  readonly type: 'hello';
  readonly id: string;
  readonly token?: string;
  readonly session?: string;
  readonly contractId?: string;
  /** True: the client takes several frames in one message (PROTOCOL.md, "Batches"). */
  readonly batch?: boolean;
  readonly rooms?: readonly RoomRequest[];
}

export interface RefreshFrame {
  readonly type: 'refresh';
  readonly id: string;
  readonly token: string;
}

export interface JoinFrame extends RoomRequest {
  readonly type: 'join';
  readonly id: string;
}

export interface LeaveFrame {
  readonly type: 'leave';
  readonly id: string;
  readonly room: string;
}

/** `room` may be a list: one append each, one event id, and the ack lists each. */
export interface PublishFrame {
  readonly type: 'publish';
  readonly id: string;
  readonly room: string | readonly string[];
  readonly event: string;
  readonly data: unknown;
}

/** Gives up a refused publish, so that this session's later ones to the room may go on (PROTOCOL.md, "Order"). */
export interface SkipFrame {
  readonly type: 'skip';
  readonly id: string;
  readonly room: string;
  readonly of: string;
}

export interface SendFrame {
  readonly type: 'send';
  readonly id: string;
  readonly to: string;
  readonly room?: string;
  readonly event: string;
  readonly data: unknown;
}

export interface RequestFrame {
  readonly type: 'request';
  readonly id: string;
  readonly action: string;
  readonly data: unknown;
  readonly timeoutMs?: number;
}

export interface CancelFrame {
  readonly type: 'cancel';
  readonly id: string;
  readonly of: string;
}

export interface ResultFrame {
  readonly type: 'result';
  readonly id: string;
  readonly of: string;
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface PresenceSetFrame {
  readonly type: 'presence';
  readonly id: string;
  readonly room?: string;
  readonly state: unknown;
}

export interface ReadFrame {
  readonly type: 'read';
  readonly id: string;
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  readonly kind: ReceiptKind;
}

/** How many have got or read so far: for rooms too large to be pushed receipts. */
export interface ReceiptsFrame {
  readonly type: 'receipts';
  readonly id: string;
  readonly room: string;
  readonly offset: number;
}

export interface HistoryFrame {
  readonly type: 'history';
  readonly id: string;
  readonly room: string;
  readonly before?: number;
  readonly after?: number;
  readonly limit?: number;
}

export interface PongFrame {
  readonly type: 'pong';
}

export type ClientFrame =
  | HelloFrame
  | RefreshFrame
  | JoinFrame
  | LeaveFrame
  | PublishFrame
  | SkipFrame
  | SendFrame
  | RequestFrame
  | CancelFrame
  | ResultFrame
  | PresenceSetFrame
  | ReadFrame
  | ReceiptsFrame
  | HistoryFrame
  | PongFrame;
