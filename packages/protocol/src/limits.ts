/** Defaults of every limit a peer can meet, alphabetical; DESIGN's environment variables override them in the server. */
export const DEFAULT_LIMITS = {
  /** Bytes of one batch, unless it would be a single frame. */
  batchBytes: 65_536,
  /** Frames of one batch. */
  batchFrames: 64,
  /** Bytes of one `hello`; further rooms come by `join`. */
  helloBytes: 65_536,
  /** Nesting of `data`. */
  jsonDepth: 64,
  /** Keys of one object in `data`: V8 and Zod take many microseconds for each when they are many. */
  jsonKeys: 10_000,
  /** Events of one `history` page. */
  historyPage: 1_000,
  /** Bytes of one message, either way. */
  messageBytes: 1_048_576,
  /** Messages a second per connection, sustained. */
  messagesPerSecond: 200,
  /** Messages a connection may send at once. */
  messageBurst: 500,
  /** Rooms of one connection. */
  rooms: 200,
  /** Rooms of one publish. */
  roomsPerPublish: 20,
  /** Bytes of one presence state. */
  presenceStateBytes: 4_096,
  /** Publishes sent and not yet acknowledged. */
  unacked: 1_000,
} as const;
