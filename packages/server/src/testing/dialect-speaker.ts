import type { RoomName } from '@trunkline/protocol';
import type { Dialect } from '../seams/dialect.js';

/** A message as a client of the dialect gets it, parsed. */
export type Heard = Readonly<Record<string, unknown>>;

/** One client of a dialect, connected and in its room. */
export interface SpeakerConnection extends AsyncDisposable {
  /** Everything that ever came, oldest first. */
  readonly seen: readonly Heard[];
  /** Takes the oldest message that matches; rejects after 5 s or when the connection ends. */
  take(matches: (message: Heard) => boolean, what: string): Promise<Heard>;
  /** Sends text as it is, well-formed or not. */
  send(text: string): void;
  /** How it ended: the close code, or the format's own word for it. */
  readonly ended: Promise<string>;
}

/** What a service publishes, or what reached the room. */
export interface SpokenEvent {
  readonly event: string;
  readonly data: unknown;
}

/** How a test speaks a dialect: `packages/dialects/src/<name>/speaker.ts`. */
export interface DialectSpeaker {
  readonly name: string;
  dialect(): Dialect;
  /** The room that its clients are in once {@link connect} resolves, in the built-in contract. */
  readonly room: RoomName;
  /** Two users, in the form that the dialect wants. */
  readonly users: readonly [string, string];
  /** The relation to `room` that lets a user in. */
  readonly relation?: string;
  /** Claims of its users' tokens. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Connects and joins; rejects when refused, with the refusal as the error's message. */
  connect(to: { readonly port: number; readonly token: string | null }): Promise<SpeakerConnection>;
  /** What {@link connect} rejects with, or the connection ends with, for a missing and for a bad token. */
  readonly refusal: string;
  /** An event of the room that the dialect has a word for. `n` tells several apart. */
  heard(n: number): SpokenEvent & { matches(message: Heard): boolean };
  /** What its clients say in the room; absent where they only listen. */
  said?(n: number): { readonly frame: string; readonly event: string; matches(data: unknown): boolean };
  /** A documented type with a field missing. */
  readonly incomplete: string;
  isError(message: Heard): boolean;
  /** @throws when the message is none that the format documents */
  parse(message: Heard): void;
}
