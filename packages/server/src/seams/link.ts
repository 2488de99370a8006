import type { CloseCode } from '@trunkline/protocol';
import type { EventNotice, Notice } from './notice.js';

/**
 * The far end. F is the dialect's own frame type; the hub never looks inside one. `signal` fires when the peer is gone,
 * during authentication too; its reason is {@link Gone}.
 */
export interface Link<F> {
  readonly encoder: Encoder<F>;
  readonly signal: AbortSignal;
  /**
   * The same news for 1 kB less a link than an AbortSignal with its listener: told once, at once if it is gone already.
   * One listener only, an object that is there anyway. Where a link has it, `signal` is made on first use.
   */
  onGone?(listener: LinkListener): void;
  /** Queues one frame. Frames of one turn leave together and in order. */
  send(frame: F): void;
  /** Bytes queued here and in the socket. */
  bufferedBytes(): number;
  /** Flushes, then closes; terminates within 2 s. `reason` is a short stable word. */
  close(code: CloseCode, reason: string): void;
  /** Heartbeat 'link' only: a transport ping; the link tells `heard` by its own means. */
  ping?(): void;
  /** When anything was last heard from the peer (heartbeat 'link': a pong), by `performance.now()`. */
  lastHeardAt(): number;
}

export interface LinkListener {
  /** The link has ended. */
  gone(gone: Gone): void;
}

/** Why a link ended: `clean` is a close frame from the peer or from us. */
export interface Gone {
  readonly code: number;
  readonly clean: boolean;
}

/**
 * Words notices in a dialect. Links that share an encoder object share one encoded frame per notice, so the frame must not
 * depend on the connection. null: this dialect has no word for it.
 */
export interface Encoder<F> {
  encode(notice: Notice): F | null;
  /** What `encode` makes of this event with a `ref`; for encoders that make it out of the others' frame. */
  encodeOwn?(notice: EventNotice, ref: string): F | null;
}
