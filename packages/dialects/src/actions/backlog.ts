import type { Socket as EngineSocket } from 'engine.io';

/** With the WebSocket's own close timeout: a connection is gone within 2 s of its `close`. */
const FLUSH_MS = 500;

/** The bytes that one Engine.IO session has not handed to its network yet; it bounds them whoever makes them. */
export class Backlog {
  readonly #conn: EngineSocket;
  /** Not taken by the transport. */
  #queuedBytes = 0;
  /** In the transport's last write. */
  #writingBytes = 0;

  constructor(conn: EngineSocket, maxBytes: number) {
    this.#conn = conn;
    conn.on('packetCreate', ({ data }: { readonly data?: unknown }) => {
      // Packets without data cost memory, too; the four bytes are a frame's header.
      this.#queuedBytes += 4 + (typeof data === 'string' ? Buffer.byteLength(data) : 0);
      // The hub closes a slow reader of its own messages at half of it. This is for what the hub does not send: answers
      // to a flood, and whatever Socket.IO says.
      if (this.#queuedBytes > 2 * maxBytes) conn.close(true);
    });
    // Not `drain`, which comes in the same turn: the transport has only begun to write.
    conn.on('flush', () => {
      this.#writingBytes = this.#queuedBytes;
      this.#queuedBytes = 0;
    });
  }

  bytes(): number {
    return this.#queuedBytes + (this.#conn.transport.writable ? 0 : this.#writingBytes);
  }

  /** The engine closes after the last packet was written: for a slow reader that is never. */
  limitClose(): void {
    if (this.#conn.readyState === 'closed') return;
    const timer = setTimeout(() => this.#conn.close(true), FLUSH_MS);
    this.#conn.once('close', () => clearTimeout(timer));
  }
}
