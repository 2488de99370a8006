import { setTimeout as delay } from 'node:timers/promises';
import type { CloseCode, From, RoomRequest } from '@trunkline/protocol';
import { closeCodeRule } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { Gone, Link } from '../seams/link.js';
import type { Notice } from '../seams/notice.js';
import { type Core, sharedNow } from './core.js';
import { Memberships } from './memberships.js';
import { RecentIds } from './recent-ids.js';
import type { LastingOptions } from './shared-options.js';
import { TokenBucket } from './token-bucket.js';

/** Bytes queued beyond which replay and history wait for the socket (DESIGN, "The wire"). */
const PULLED_QUEUE_BYTES = 256 * 1_024;
const DRAIN_POLL_MS = 10;
/** So many frames at once are no reason to look at a peer. */
const FRAMES_AHEAD = 20;

/** One open connection: its link, its principal, its rooms, and what it may be sent. */
export class Connection {
  readonly memberships = new Memberships();
  #bucket: TokenBucket | undefined;
  #from: From | undefined;
  /** By the clock that nodes share. */
  readonly connectedAt: number;
  principal: Principal;
  /** It took up a session, so that an older connection may have to go. */
  isResumed = false;
  /** When the hub last pinged, by `performance.now()`. */
  pingedAt = Math.trunc(performance.now());
  /** Not before it is told that its token ends, by the clock; afterwards never, until the next refresh. */
  expiringFrom = 0;
  /** The span of its first reconnect, as it was told last. */
  toldSpreadMs = 0;
  /** Set at the first close; nothing is sent afterwards. */
  closedWith: CloseCode | null = null;
  /** Why it was closed from this side. */
  closeReason: string | null = null;
  /** Set when the peer is gone. */
  gone: Gone | null = null;
  /** The presence state set last without a room; later joins start with it. Undefined: none was set. */
  presenceState: unknown;
  /** Publishes sent to the broker and not yet answered. */
  unacked = 0;
  /** Automatic rooms that the client left itself. */
  declined: Set<string> | undefined;
  /** Rooms that it lost as nobody could tell its rights, with its place in them. */
  stale: Map<string, RoomRequest> | undefined;
  /** Rooms it is about to become a member of. */
  joining = 0;
  /** How often its rights may have changed: an answer that was asked for before is not to be kept. */
  rightsChanges = 0;
  #endAnnounced = false;
  /** Bytes at most that are queued because one message which the peer pulled is large. */
  #pulledBytes = 0;
  #seen: RecentIds | undefined;
  #conflated: Map<string, unknown> | undefined;

  constructor(
    private readonly core: Core,
    readonly id: string,
    readonly sessionId: string,
    readonly link: Link<unknown>,
    principal: Principal,
    readonly options: LastingOptions,
    presence: unknown,
  ) {
    this.principal = principal;
    this.connectedAt = sharedNow(core);
    this.presenceState = presence;
  }

  /** What it may still send. Made at the first message: most connections are silent. */
  get bucket(): TokenBucket {
    const { messagesPerSecond, messageBurst } = this.core.limits;
    this.#bucket ??= new TokenBucket(messagesPerSecond, messageBurst, performance.now());
    return this.#bucket;
  }

  /** From now on it has little more than its rate. */
  spendBurst(): void {
    this.bucket.debit(this.core.limits.messageBurst - FRAMES_AHEAD);
  }

  /** True while it has sent more than its rate allows for, be it within its burst. */
  get isAhead(): boolean {
    return this.#bucket !== undefined && this.#bucket.tokens < this.core.limits.messageBurst - FRAMES_AHEAD;
  }

  /** Who its events are from: one object for all of them. */
  get from(): From {
    this.#from ??= { userId: this.principal.userId, connectionId: this.id };
    return this.#from;
  }

  get isOpen(): boolean {
    return this.closedWith === null && this.gone === null;
  }

  /** Words one notice for this connection alone. */
  tell(notice: Notice): void {
    if (!this.isOpen) return;
    const frame = this.link.encoder.encode(notice);
    if (frame !== null) this.#queue(frame);
  }

  /** The same for what the peer pulls, once it is drained: however large a message is, it is no backlog. */
  pull(notice: Notice): void {
    if (!this.isOpen) return;
    const frame = this.link.encoder.encode(notice);
    if (frame === null) return;
    this.link.send(frame);
    this.#pulledBytes = Math.max(0, this.link.bufferedBytes() - this.#pulledQueueBytes);
  }

  /**
   * Queues a frame that others may share. Ephemeral ones are dropped first when the peer reads slowly, the newest per
   * `conflateKey` kept; past the bound the connection is closed with a code that resumes.
   */
  deliver(frame: unknown, ephemeral: boolean, conflateKey: string | undefined): void {
    if (!this.isOpen) return;
    if (ephemeral && this.link.bufferedBytes() > this.core.limits.maxQueueBytes / 2) {
      if (conflateKey === undefined) this.core.observer.dropped?.('backpressure', 1);
      else this.#conflate(conflateKey, frame);
      return;
    }
    this.#queue(frame);
  }

  /** True for clients that tell copies of an event apart by its id. */
  get showsAgain(): boolean {
    return this.options.eachEventOnce === false;
  }

  /** True when one event could reach this connection twice: by several rooms, or as a provisional copy before. */
  get needsIds(): boolean {
    return this.#seen !== undefined || this.memberships.size > 1;
  }

  /** True the first time an event id is shown, for clients that can not tell. */
  showsFirst(eventId: string): boolean {
    this.#seen ??= new RecentIds();
    return this.#seen.add(eventId);
  }

  /** Sends what was conflated once the peer has caught up. Called by the shared timer. */
  flushConflated(): void {
    if (this.#conflated === undefined || this.link.bufferedBytes() > this.core.limits.maxQueueBytes / 4) return;
    const frames = this.#conflated;
    this.#conflated = undefined;
    for (const frame of frames.values()) this.#queue(frame);
  }

  /** False while so much is queued that what the peer pulls itself should wait. */
  get isDrained(): boolean {
    return this.link.bufferedBytes() <= this.#pulledQueueBytes;
  }

  /** Leaves the better part of the bound to what comes meanwhile. */
  get #pulledQueueBytes(): number {
    return Math.min(PULLED_QUEUE_BYTES, this.core.limits.maxQueueBytes / 4);
  }

  /** Resolves when the peer has read what is queued, up to a part of the bound: what it pulls itself waits for it. */
  async drained(): Promise<void> {
    while (this.isOpen && !this.isDrained) await delay(DRAIN_POLL_MS, undefined, { ref: false });
  }

  /** Tells that the connection will end soon and when to come back; idempotent. */
  announceEnd(code: CloseCode, reason: string, afterMs: number): void {
    if (this.#endAnnounced) return;
    this.#endAnnounced = true;
    const reconnect = closeCodeRule(code).reconnect !== 'never';
    this.tell({ type: 'goaway', code, reason, reconnect, afterMs });
  }

  /** Tells why (`goaway`) and closes; idempotent. */
  close(code: CloseCode, reason: string): void {
    if (this.closedWith !== null) return;
    this.announceEnd(code, reason, 0);
    this.closedWith = code;
    this.closeReason = reason;
    this.link.close(code, reason);
  }

  #queue(frame: unknown): void {
    const before = this.link.bufferedBytes();
    this.link.send(frame);
    this.#pulledBytes = Math.min(this.#pulledBytes, before);
    // A single message may be as large as the bound; a backlog may not.
    if (before > 0 && this.link.bufferedBytes() > this.core.limits.maxQueueBytes + this.#pulledBytes) {
      this.core.observer.dropped?.('backpressure', 1);
      this.closedWith = 4002;
      this.closeReason = 'slow_consumer';
      this.link.close(4002, 'slow_consumer');
    }
  }

  #conflate(key: string, frame: unknown): void {
    this.#conflated ??= new Map();
    if (this.#conflated.has(key)) this.core.observer.dropped?.('conflated', 1);
    else if (this.#conflated.size >= 1_000) return;
    this.#conflated.set(key, frame);
  }
}
