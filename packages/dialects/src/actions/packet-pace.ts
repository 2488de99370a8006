import type { Session } from '@trunkline/server';
import type { Socket as EngineSocket } from 'engine.io';
import { onWebSocket } from './on-web-socket.js';

/** As Engine.IO tells of one. */
interface Packet {
  readonly type: string;
  readonly data?: unknown;
}

/** Packets of a client that is not let in: it needs one, `connect`. */
const EARLY_PACKETS = 20;

/**
 * Counts what a client sends beside its events: pings and pongs of Engine.IO and of WebSocket, and what Socket.IO answers
 * alone, such as the wish for another namespace. The hub is asked nothing, so it would never end a flood of them.
 */
export class PacketPace {
  readonly #conn: EngineSocket;
  #session: Session | null = null;
  #earlyPackets = 0;

  constructor(conn: EngineSocket) {
    this.#conn = conn;
    conn.on('packet', (packet: Packet) => {
      if (!isEvent(packet)) this.#count();
    });
    // Control frames are no packets.
    onWebSocket(conn, (socket) => socket.on('ping', () => this.#count()).on('pong', () => this.#count()));
  }

  /** From now on the session's rate counts; null: it has ended. */
  opened(session: Session | null): void {
    this.#session = session;
  }

  #count(): void {
    if (this.#session !== null) void this.#session.handle({ type: 'pong' });
    else if (++this.#earlyPackets > EARLY_PACKETS) this.#conn.close(true);
  }
}

/** What the session counts itself: EVENT and BINARY_EVENT of Socket.IO. */
function isEvent({ type, data }: Packet): boolean {
  return type === 'message' && typeof data === 'string' && (data.startsWith('2') || data.startsWith('5'));
}
