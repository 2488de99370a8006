/** A frame as it went over a socket, without what is secret or told anew each time. */
export interface RecordedFrame {
  /** `client` or `server`; a string, because that is what TypeScript makes of an imported JSON file. */
  readonly from: string;
  readonly frame: FrameLike;
}
export type FrameLike = { readonly type: string } & Readonly<Record<string, unknown>>;

/** One socket: its frames in order, and its close where the server's end closed it. */
export interface RecordedConnection {
  readonly frames: readonly RecordedFrame[];
  readonly closed?: { readonly code: number; readonly reason: string } | undefined;
}

/** What a client and a server said to each other, as plain JSON: keep it in a file beside the test. */
export interface Recording {
  readonly connections: readonly RecordedConnection[];
}
