import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CloseCode } from '@trunkline/protocol';
import { WebSocket } from 'ws';
import type { Encoder, Gone, Link, LinkListener } from '../seams/link.js';
import type { Transport } from './brake.js';
import type { FrameList } from './frame-list.js';
import type { Joiner } from './joiner.js';
import type { Outbox, OutboxLink } from './outbox.js';
import { textFramePayload } from './text-frame.js';

/**
 * From our close frame to the end of the socket at the latest. A slow reader holds its backlog for ever otherwise:
 * a close frame waits behind it (RELIABILITY, fact 7).
 */
export const CLOSE_TIMEOUT_MS = 1_500;

export interface WebSocketLinkParts {
  readonly ws: WebSocket;
  /** The socket that was given to `handleUpgrade`. */
  readonly socket: Duplex;
  readonly encoder: Encoder<Buffer>;
  readonly outbox: Outbox;
  /** The dialect's own code for one of the hub's. @default as it is */
  readonly closeCode?: ((code: CloseCode) => CloseCode) | undefined;
}

/** The far end of one WebSocket. Everything for the socket goes through the outbox, or order is lost. */
export class WebSocketLink implements Link<Buffer>, OutboxLink, Transport {
  readonly encoder: Encoder<Buffer>;
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #outbox: Outbox;
  readonly #isCompressed: boolean;
  #takesBatches = false;
  readonly #closeCode: ((code: CloseCode) => CloseCode) | undefined;
  #queued: FrameList | null = null;
  /** False: the socket took everything at once, as it mostly does, and needs not be asked. */
  #isBackedUp = false;
  /** Whole milliseconds: a fraction would be an object of its own. */
  #heardAt = Math.trunc(performance.now());
  #closing = false;
  #failed = false;
  #pongDue: Buffer | null = null;
  #gone: Gone | null = null;
  #listener: LinkListener | null = null;
  #controller: AbortController | null = null;

  constructor(parts: WebSocketLinkParts) {
    this.#ws = parts.ws;
    this.#socket = parts.socket;
    this.encoder = parts.encoder;
    this.#outbox = parts.outbox;
    this.#closeCode = parts.closeCode;
    this.#isCompressed = parts.ws.extensions !== '';
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.isGone) this.#controller.abort(this.#gone);
    }
    return this.#controller.signal;
  }

  onGone(listener: LinkListener): void {
    if (this.isGone && this.#gone) listener.gone(this.#gone);
    else this.#listener = listener;
  }

  /** True from `close()` on: nothing more is sent, and what still arrives is not looked at. */
  get isClosing(): boolean {
    return this.#closing;
  }

  /** True when ws has closed it for a frame against RFC 6455, and reads no more. */
  get hasFailed(): boolean {
    return this.#failed;
  }

  get isGone(): boolean {
    return this.#ws.readyState === WebSocket.CLOSED;
  }

  /** From now on what one write carries may go as JSON arrays of frames. */
  takeBatches(): void {
    this.#takesBatches = true;
  }

  send(frame: Buffer): void {
    if (this.#closing || this.#ws.readyState !== WebSocket.OPEN) return;
    this.#queued = this.#outbox.add(this, this.#queued, frame);
    if (this.#queued.bytes >= this.#outbox.writeBytes) this.#outbox.flush(this);
  }

  takeQueued(): FrameList | null {
    const queued = this.#queued;
    this.#queued = null;
    return queued;
  }

  write(frames: FrameList, joiner: Joiner): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    const messages = this.#takesBatches ? frames.batched() : frames;
    if (this.#isCompressed) {
      for (const frame of messages.frames()) this.#ws.send(textFramePayload(frame), { binary: false });
      this.#isBackedUp = this.#backlog() > 0;
      return;
    }
    const bytes = joiner.join(messages);
    // Without permessage-deflate the sender of ws never queues, so our bytes can not overtake its own.
    this.#socket.write(bytes);
    this.#isBackedUp = this.#backlog() > 0;
    // What a stream of another kind does with the bytes it has taken is not known.
    if (this.#isBackedUp || !(this.#socket instanceof Socket)) joiner.keep(bytes);
  }

  bufferedBytes(): number {
    const queued = this.#queued === null ? 0 : this.#queued.bytes;
    if (!this.#isBackedUp) return queued;
    const backlog = this.#backlog();
    this.#isBackedUp = backlog > 0;
    return queued + backlog;
  }

  #backlog(): number {
    return this.#isCompressed ? this.#ws.bufferedAmount : this.#socket.writableLength;
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closing) return;
    this.#outbox.flush(this);
    this.#closing = true;
    if (this.#ws.readyState === WebSocket.OPEN) {
      this.#gone = { code, clean: true };
      // Its own timer ends the socket after CLOSE_TIMEOUT_MS (the server's `closeTimeout`).
      this.#ws.close(this.#closeCode?.(code) ?? code, reason);
    } else if (this.#ws.readyState === WebSocket.CLOSING) {
      // The peer half-closed without a close frame; for this case ws has no timer.
      setTimeout(() => this.#ws.terminate(), CLOSE_TIMEOUT_MS);
    }
  }

  ping(): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  /** Answers a ping, or of those that come with `isHurried` the newest of a turn, as RFC 6455 allows (section 5.5.3). */
  pong(data: Buffer, isHurried: boolean): void {
    if (!isHurried && this.#pongDue === null) {
      this.#pong(data);
      return;
    }
    if (this.#pongDue === null)
      setImmediate(() => {
        if (this.#pongDue !== null) this.#pong(this.#pongDue);
        this.#pongDue = null;
      });
    this.#pongDue = data;
  }

  #pong(data: Buffer): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.pong(data);
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  /** What is taken from a paused stream with `read` comes as `data` all the same. */
  read(bytes: number): boolean {
    const length = Math.min(bytes, this.#socket.readableLength);
    this.#socket.read(length);
    return length > 0;
  }

  lastHeardAt(): number {
    return this.#heardAt;
  }

  /** The peer gave a sign of life. */
  heard(): void {
    this.#heardAt = Math.trunc(performance.now());
  }

  /** ws closes by itself at a frame against RFC 6455: remembers with which code. */
  failed(code: number): void {
    this.#closing = true;
    this.#failed = true;
    this.#gone ??= { code, clean: true };
  }

  /** The socket has ended. `code` is the peer's close code, 1006 without one. */
  ended(code: number): void {
    this.#closing = true;
    this.#queued = null;
    this.#gone ??= { code, clean: code !== 1006 };
    this.#controller?.abort(this.#gone);
    this.#listener?.gone(this.#gone);
    this.#listener = null;
  }
}
