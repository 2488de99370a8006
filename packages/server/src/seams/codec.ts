import type { Command, Encoder, Greeting, OpenOptions, Reply, RequestHead } from './dialect.js';

/** A frame read: the command, and whatever the dialect needs to word the answer. */
export interface Decoded {
  readonly command: Command;
  readonly ref?: unknown;
}

/** An ordinary wire format over one WebSocket; `webSocketDialect({ codec, refuse })` does the rest. */
export interface Codec extends Encoder<string> {
  /** From the upgrade request alone. null: the peer must say hello first ({@link Conversation.hello}). */
  greet(head: RequestHead): Greeting | null;
  open(head: RequestHead): Conversation;
}

/** Per connection: a format whose URL names the room remembers it here. */
export interface Conversation {
  /** How the session is opened, for formats that greet by URL; called once, before `opened`. */
  options?(): Partial<OpenOptions>;
  /** Called with the connection's id as soon as there is one, before `opened` is encoded. */
  opened?(connectionId: string, userId: string): void;
  /** Reads one text frame into commands, in order; an unreadable one is a `refused` command. Never throws. */
  decode(frame: string): readonly Decoded[];
  /** Words an answer; [] for none. */
  reply(reply: Reply, to: Decoded): readonly string[];
}
