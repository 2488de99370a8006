import { closeCodeRule, DEFAULT_LIMITS, TrunklineError } from '@trunkline/protocol';
import type { Conversation, Decoded, Farewell, Hello } from '../seams/codec.js';
import type { RequestHead } from '../seams/dialect.js';
import type { Admission, Gateway } from '../seams/gateway.js';
import type { Encoder, Gone } from '../seams/link.js';
import type { Reply, Session } from '../seams/session.js';
import { Brake, type BrakeParts } from './brake.js';
import { textFrame } from './text-frame.js';
import type { WebSocketLink } from './web-socket-link.js';

/** What the peers of one mounted dialect share. */
export interface PeerContext {
  readonly dialect: string;
  readonly gateway: Gateway;
  readonly encoder: Encoder<Buffer>;
  readonly heartbeat: 'notice' | 'link';
  /** Peers that are not opened yet, so that closing the mount can end them; those opened belong to the hub. */
  readonly unopened: Set<Peer>;
}

export interface PeerParts {
  readonly link: WebSocketLink;
  readonly conversation: Conversation;
  readonly head: RequestHead;
}

/** Pings and pongs before the session is open. */
const EARLY_CONTROLS = 20;

/** What is held only until the session is open. */
interface Handshake {
  readonly head: RequestHead;
  readonly timer: NodeJS.Timeout;
  /** Set while the hub authenticates: aborted when the peer goes. */
  authentication: AbortController | null;
  /** Frames that came with the hello in one read; the socket is paused, so no more than that read. */
  readonly waiting: string[];
}

/** One WebSocket after its upgrade: hello, then frames into the session and answers out of it. */
export class Peer {
  readonly link: WebSocketLink;
  readonly #context: PeerContext;
  readonly #conversation: Conversation;
  #handshake: Handshake | null;
  #session: Session | null = null;
  /** Made when the peer is first ahead of its rate, or sends on after its close. */
  #brake: Brake | null = null;
  #earlyControls = 0;
  /** The format counts from the last pong, so that no other frame is a sign of life. */
  #livesByPongs = false;

  constructor(context: PeerContext, parts: PeerParts) {
    this.#context = context;
    this.link = parts.link;
    this.#conversation = parts.conversation;
    const timer = setTimeout(() => this.#expire(), context.gateway.limits.helloTimeoutMs);
    this.#handshake = { head: parts.head, timer, authentication: null, waiting: [] };
    context.unopened.add(this);
  }

  /** Opens the session of a peer that is authenticated, with what came in the meantime. */
  open(admission: Admission, { options, takesBatches }: Partial<Hello> = {}): void {
    const handshake = this.#endHandshake();
    if (handshake === null || this.link.isClosing) return;
    const { dialect, gateway, heartbeat } = this.#context;
    const { address } = handshake.head;
    handshake.head.admitted?.();
    if (takesBatches) this.link.takeBatches();
    const opened = { dialect, address, heartbeat, ...this.#conversation.options?.(), ...options };
    this.#livesByPongs = heartbeat === 'link' && opened.heartbeatTiming?.countsFrom === 'pong';
    const session = gateway.open(this.link, admission, opened);
    this.#conversation.opened?.(session.id, session.principal.userId, (farewell) => this.end(farewell));
    this.#session = session;
    if (session.isAhead) this.#brakeFor(session).hold();
    for (const text of handshake.waiting) this.#take(text, session);
  }

  /** Says goodbye in the dialect's words, then closes. */
  end(farewell: Farewell): void {
    const rule = closeCodeRule(farewell.code);
    const { code, reason = rule.name, frames = [] } = farewell;
    for (const frame of frames) this.link.send(textFrame(frame));
    const reconnect = rule.reconnect !== 'never';
    const goaway = this.#context.encoder.encode({ type: 'goaway', code, reason, reconnect, afterMs: 0 });
    if (goaway !== null) this.link.send(goaway);
    this.#endHandshake();
    this.link.close(code, reason);
  }

  /** A text message, and its bytes on the wire. */
  receive(text: string, bytes: number): void {
    if (this.link.isClosing) {
      this.#late();
      return;
    }
    if (!this.#livesByPongs) this.link.heard();
    this.#context.gateway.observer?.frameReceived?.(this.#context.dialect, bytes);
    if (this.#session !== null) this.#take(text, this.#session);
    else if (this.#handshake?.authentication) this.#handshake.waiting.push(text);
    else if (bytes > DEFAULT_LIMITS.helloBytes) this.#refuse(HELLO_TOO_LARGE);
    else void this.#hello(text);
  }

  /** A binary message, which no dialect knows. */
  receiveBinary(): void {
    if (this.link.isClosing) this.#late();
    else this.end({ code: 1003 });
  }

  pinged(data: Buffer): void {
    // Of a peer that sends more than its rate allows for only the newest of a turn is answered.
    this.link.pong(data, this.#session?.isAhead ?? false);
    this.#controlled();
  }

  ponged(): void {
    // With application pings a pong proves nothing: a network stack answers for a hung page (RELIABILITY, fact 4).
    if (this.#context.heartbeat === 'link') this.link.heard();
    this.#controlled();
  }

  /** A ping or pong of WebSocket's own: it asks nothing of the hub, and counts as a frame. */
  #controlled(): void {
    const session = this.#session;
    if (this.link.isClosing) {
      this.#late();
    } else if (session !== null) {
      void session.handle({ type: 'pong' });
      if (session.isAhead) this.#brakeFor(session).hold();
    } else if (++this.#earlyControls > EARLY_CONTROLS) {
      this.end({ code: 4003 });
    }
  }

  ended(code: number): void {
    const gone: Gone = { code, clean: code !== 1006 };
    this.#endHandshake()?.authentication?.abort(gone);
    this.#brake?.release();
    this.link.ended(code);
  }

  async #hello(text: string): Promise<void> {
    const handshake = this.#handshake;
    const hello = this.#readHello(text);
    if (handshake === null || hello === null) return;
    if ('code' in hello) {
      this.end(hello);
      return;
    }
    const authentication = new AbortController();
    handshake.authentication = authentication;
    this.link.pause();
    try {
      const admission = await this.#context.gateway.authenticate(hello.greeting, authentication.signal);
      this.open(admission, hello);
    } catch (error) {
      this.#refuse(error);
    } finally {
      if (this.#brake === null) this.link.resume();
    }
  }

  #readHello(text: string): Hello | Farewell | null {
    try {
      return this.#conversation.hello?.(text) ?? null;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  #refuse(error: unknown): void {
    if (this.link.isClosing) return;
    if (!(error instanceof TrunklineError)) this.#fail(error);
    else this.end(this.#conversation.refuse?.(error) ?? { code: 1008, reason: error.code });
  }

  #take(text: string, session: Session): void {
    if (this.#brake !== null) {
      this.#brake.receive(text);
      return;
    }
    this.#decode(text);
    if (session.isAhead) this.#brakeFor(session).hold();
  }

  #decode(text: string): void {
    if (this.link.isClosing) return;
    try {
      for (const decoded of this.#conversation.decode(text)) this.#handle(decoded);
    } catch (error) {
      this.#fail(error);
    }
  }

  #brakeFor(pace: BrakeParts['pace']): Brake {
    this.#brake ??= new Brake({ pace, transport: this.link, decode: (text) => this.#decode(text) });
    return this.#brake;
  }

  #late(): void {
    this.#brakeFor(this.#session ?? {}).trickle();
  }

  #handle(decoded: Decoded): void {
    const reply = this.#session?.handle(decoded.command);
    if (reply === undefined) return;
    if (!(reply instanceof Promise)) this.#answer(reply, decoded);
    else reply.then((settled) => this.#answer(settled, decoded)).catch((error) => this.#fail(error));
  }

  #answer(reply: Reply, decoded: Decoded): void {
    for (const frame of this.#conversation.reply(reply, decoded)) this.link.send(textFrame(frame));
  }

  /** A defect of ours or of the dialect costs this connection, never the process. */
  #fail(error: unknown): void {
    this.#context.gateway.logger.error({ err: error, dialect: this.#context.dialect }, 'A connection failed.');
    this.end({ code: 1011 });
  }

  /** The hello timeout covers the authentication too: a hub that can not answer in time has no use for the wait. */
  #expire(): void {
    const authentication = this.#handshake?.authentication;
    if (!authentication) {
      this.end({ code: 4001 });
      return;
    }
    this.#refuse(new TrunklineError('unavailable', 'Authentication took too long; try again.'));
    authentication.abort();
  }

  #endHandshake(): Handshake | null {
    const handshake = this.#handshake;
    if (handshake !== null) clearTimeout(handshake.timer);
    this.#handshake = null;
    this.#context.unopened.delete(this);
    return handshake;
  }
}

const HELLO_TOO_LARGE = new TrunklineError(
  'too_large',
  `A hello has at most ${DEFAULT_LIMITS.helloBytes} bytes; join further rooms after it.`,
);
