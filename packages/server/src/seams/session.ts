import type { AckedRoom, ReceiptKind, RoomRequest, TrunklineError } from '@trunkline/protocol';
import type { Principal } from './authenticator.js';

/** What a peer asks. `id` is the frame's id (or one a dialect makes): idempotency key and correlation. */
export type Command =
  | { readonly type: 'refresh'; readonly id: string; readonly token: string }
  | ({ readonly type: 'join'; readonly id: string } & RoomRequest)
  | { readonly type: 'leave'; readonly id: string; readonly room: string }
  | {
      readonly type: 'publish';
      readonly id: string;
      readonly rooms: readonly string[];
      readonly event: string;
      readonly data: unknown;
      /** The canonical protocol's: the room was a list. */
      readonly listed?: boolean;
    }
  | { readonly type: 'skip'; readonly id: string; readonly room: string; readonly of: string }
  | {
      readonly type: 'send';
      readonly id: string;
      readonly to: string;
      readonly room?: string;
      readonly event: string;
      readonly data: unknown;
    }
  | {
      readonly type: 'request';
      readonly id: string;
      readonly action: string;
      readonly data: unknown;
      readonly timeoutMs?: number;
      /** What the format knows of it, for the webhook. */
      readonly context?: {
        readonly sessionId?: string;
        readonly artifactId?: string;
        /** What the peer calls the request, where `id` is the dialect's own; `idempotencyId` is then that `id`. */
        readonly requestId?: string;
        readonly idempotencyId?: string;
      };
      /** Aborted at disconnect and never kept (actions format). */
      readonly bound?: boolean;
    }
  | { readonly type: 'cancel'; readonly id: string; readonly of: string }
  | {
      readonly type: 'result';
      readonly id: string;
      readonly of: string;
      readonly data?: unknown;
      readonly error?: { readonly code: string; readonly message: string };
    }
  | { readonly type: 'presence'; readonly id: string; readonly room?: string; readonly state: unknown }
  | {
      readonly type: 'read';
      readonly id: string;
      readonly room: string;
      readonly epoch: string;
      readonly offset: number;
      readonly kind: ReceiptKind;
    }
  | { readonly type: 'receipts'; readonly id: string; readonly room: string; readonly offset: number }
  | {
      readonly type: 'history';
      readonly id: string;
      readonly room: string;
      readonly before?: number;
      readonly after?: number;
      readonly limit?: number;
    }
  /** What proves life and asks nothing: pong, heartbeat. One that the format answers is refused beyond the rate, like all that asks. */
  | { readonly type: 'pong'; readonly isAnswered?: true }
  /** The dialect could not read a frame: counted against the peer, answered with this error. */
  | { readonly type: 'refused'; readonly error: TrunklineError; readonly id?: string };

/**
 * What came of a command. `done`: nothing to say (a join is told by its `joined` notice, a pong by nothing).
 * `left` answers `leave`.
 */
export type Reply =
  | { readonly type: 'done' }
  | { readonly type: 'left'; readonly room: string; readonly timestamp: number }
  | { readonly type: 'ack'; readonly eventId: string; readonly rooms: readonly AckedRoom[] }
  | { readonly type: 'response'; readonly data: unknown }
  | { readonly type: 'error'; readonly error: TrunklineError };

/**
 * One open conversation with the hub. Starts commands in arrival order; per room join, leave and publish stay ordered and
 * pipelined; nothing waits for a request. Never throws and never rejects; what is known at once is answered at once.
 */
export interface Session {
  /** The connection's id, by which others may `send` to it. */
  readonly id: string;
  readonly principal: Principal;
  /** True while it has sent more than its rate allows for: to be read in short turns, so that others get theirs. @default false */
  readonly isAhead?: boolean;
  /** Its rate. @default without a bound */
  readonly messagesPerSecond?: number;
  /** How long to leave it unread: it exceeds its rate, and its user has been refused as often as may be for now. @default 0 */
  restMs?(): number;
  handle(command: Command): Reply | Promise<Reply>;
}
