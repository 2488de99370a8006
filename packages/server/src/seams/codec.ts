import type { CloseCode, TrunklineError } from '@trunkline/protocol';
import type { RequestHead } from './dialect.js';
import type { Greeting, OpenOptions } from './gateway.js';
import type { Encoder } from './link.js';
import type { Command, Reply } from './session.js';

/** A frame read: the command, and whatever the dialect needs to word the answer. */
export interface Decoded {
  readonly command: Command;
  readonly ref?: unknown;
}

/** How a dialect ends a WebSocket: last frames in its own words, then the close. A `goaway` notice is encoded after `frames`. */
export interface Farewell {
  readonly code: CloseCode;
  /** A short stable word, never a value of the peer's. @default the code's name */
  readonly reason?: string;
  readonly frames?: readonly string[];
}

/** A hello read: who it claims to be and how the session is opened. */
export interface Hello {
  readonly greeting: Greeting;
  readonly options: Partial<OpenOptions>;
  /** The peer takes several frames in one message, as a JSON array: for formats whose frames are JSON. @default false */
  readonly takesBatches?: boolean;
}

/** An ordinary wire format over one WebSocket; `webSocketDialect({ codec, refuse })` does the rest. */
export interface Codec extends Encoder<string> {
  /** For formats that show an event's `ref` last: how its text ends then, in place of the brace it ends with without one. */
  endingWith?(ref: string): string;
  /**
   * From the upgrade request alone. null: the peer must say hello first ({@link Conversation.hello}).
   *
   * @throws {TrunklineError} what `refuse` then words, e.g. `invalid_data` for a missing parameter
   */
  greet(head: RequestHead): Greeting | null;
  /** Keep what you need of `head`, not `head`: the conversation lives as long as the connection. */
  open(head: RequestHead): Conversation;
}

/** Per connection: a format whose URL names the room remembers it here. */
export interface Conversation {
  /** Words notices for this connection alone, fixed once opened. Return the same string for the same notice to share its frame. @default the codec */
  readonly encoder?: Encoder<string>;
  /** Only where `greet` gave null: reads the first text frame. A farewell: it was no acceptable hello. Never throws. */
  hello?(frame: string): Hello | Farewell;
  /** Only where `greet` gave null: words the refusal of that hello by the hub. */
  refuse?(error: TrunklineError): Farewell;
  /** How the session is opened, for formats that greet by URL; called once, before the session is opened. */
  options?(): Partial<OpenOptions>;
  /** Called as soon as the session is open, before any frame is decoded. `end` closes the connection in the format's words. */
  opened?(connectionId: string, userId: string, end: (farewell: Farewell) => void): void;
  /** Reads one text frame into commands, in order; an unreadable one is a `refused` command. Never throws. */
  decode(frame: string): readonly Decoded[];
  /** Words an answer; [] for none. */
  reply(reply: Reply, to: Decoded): readonly string[];
}
