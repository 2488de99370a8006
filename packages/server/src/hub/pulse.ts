import type { BrokerStatus } from '../seams/broker.js';
import { type Notice, PING } from '../seams/notice.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import type { HubRoom } from './hub-room.js';
import type { LiveAuthorisation } from './live-authorisation.js';
import type { Rooms } from './rooms.js';

export interface HeartbeatTiming {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

const DEFAULT_TIMING: HeartbeatTiming = { intervalMs: 25_000, timeoutMs: 10_000 };
/** How long before its token's end a client is told. */
const EXPIRING_MS = 30_000;
const EXPIRY_TOLERANCE_MS = 5_000;
/** A room without events is compared with the log this often. */
const IDLE_CHECK_MS = 5_000;
const CHECKS_PER_TICK = 200;
/** Connections that came together are due together: so many are pinged in one turn of the event loop, and others have theirs in between. */
const PINGS_PER_TURN = 50;
/** A smaller change of the spread is not worth telling. */
const SPREAD_STEP_MS = 100;

/** The one timer of all connections: pings, silence, token expiry, what backpressure held back, idle rooms. */
export class Pulse {
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** By `performance.now()`, as all here but tokens: a clock that is set must end nobody and put off nothing. */
  #tickedAt = performance.now();
  /** Silence counts from here after this process itself stood still. */
  #forgivenAt = Number.NEGATIVE_INFINITY;
  /** What is left of a round over the rooms: begun anew each time, the first ones would be due again before the last had their turn. */
  #unchecked: Iterator<HubRoom> | undefined;
  readonly #tickMs: number;

  constructor(
    private readonly core: Core,
    private readonly rooms: Rooms,
    private readonly live: LiveAuthorisation,
    /** The operator's; a dialect's documented timing counts where it says nothing. */
    private readonly set: Partial<HeartbeatTiming> = {},
  ) {
    const { intervalMs, timeoutMs } = this.timing;
    this.#tickMs = Math.max(20, Math.min(1_000, intervalMs / 4, timeoutMs / 4));
  }

  /** What a connection is told of its heartbeat. */
  timingOf(connection: Connection): HeartbeatTiming {
    return this.#over(connection.options.heartbeatTiming ?? DEFAULT_TIMING);
  }

  /** Of dialects that document none. */
  get timing(): HeartbeatTiming {
    return this.#over(DEFAULT_TIMING);
  }

  #over({ intervalMs, timeoutMs }: HeartbeatTiming): HeartbeatTiming {
    return { intervalMs: this.set.intervalMs ?? intervalMs, timeoutMs: this.set.timeoutMs ?? timeoutMs };
  }

  start(): void {
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(performance.now()), this.#tickMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#immediate);
  }

  #tick(now: number): void {
    // A loop that stalled heard nobody: the peers are not to blame (RELIABILITY F6).
    if (now - this.#tickedAt > this.#tickMs * 3 + 500) this.#forgivenAt = now;
    this.#tickedAt = now;
    clearImmediate(this.#immediate);
    this.#visit(this.core.connections.byId.values(), now);
    this.live.tick();
    this.#checkIdleRooms(now);
  }

  #visit(connections: Iterator<Connection>, now: number): void {
    let pinged = 0;
    for (let next = connections.next(); !next.done; next = connections.next()) {
      const connection = next.value;
      this.tellExpiry(connection);
      if (this.#beat(connection, now)) pinged++;
      connection.flushConflated();
      if (pinged < PINGS_PER_TURN) continue;
      this.#immediate = setImmediate(() => this.#visit(connections, now));
      return;
    }
  }

  /** @returns true when it was pinged */
  #beat(connection: Connection, now: number): boolean {
    const { intervalMs, timeoutMs } = this.timingOf(connection);
    const countsFromPong = connection.options.heartbeatTiming?.countsFrom === 'pong' && timeoutMs > intervalMs;
    const silence = now - Math.max(connection.link.lastHeardAt(), this.#forgivenAt);
    if (silence > (countsFromPong ? timeoutMs : intervalMs + timeoutMs)) {
      connection.close(4000, 'heartbeat_timeout');
      return false;
    }
    if (now - connection.pingedAt < intervalMs) return false;
    connection.pingedAt = now;
    if (connection.options.heartbeat === 'link') connection.link.ping?.();
    else connection.tell(this.#pingFor(connection));
    return true;
  }

  /** Who came while the node filled was told the short spread of a small one; lost together, all would be back at once. */
  #pingFor(connection: Connection): Notice {
    const { reconnectSpreadMs } = this.core.connections;
    if (Math.abs(reconnectSpreadMs - connection.toldSpreadMs) < SPREAD_STEP_MS) return PING;
    connection.toldSpreadMs = reconnectSpreadMs;
    return { type: 'ping', reconnectSpreadMs };
  }

  /** Half a minute ahead, or at once, then ends it. */
  tellExpiry(connection: Connection): void {
    const { expiresAt } = connection.principal;
    if (expiresAt === null) return;
    const now = Date.now();
    if (now >= expiresAt + EXPIRY_TOLERANCE_MS) {
      connection.close(4101, 'token_expired');
    } else if (now >= Math.max(expiresAt - EXPIRING_MS, connection.expiringFrom)) {
      connection.expiringFrom = Number.POSITIVE_INFINITY;
      connection.tell({ type: 'expiring', expiresAt });
    }
  }

  /** Pub/sub can lose the last event of a room that then stays quiet, and a deaf node hears none; the memory broker loses nothing. */
  #checkIdleRooms(now: number): void {
    if (this.core.broker.name === 'memory' || !isLogReadable(this.core.broker.status)) return;
    let checks = 0;
    this.#unchecked ??= this.rooms.all();
    for (let next = this.#unchecked.next(); !next.done; next = this.#unchecked.next()) {
      const { feed } = next.value;
      if (now - feed.checkedAt < IDLE_CHECK_MS) continue;
      feed.checkedAt = now;
      feed.check();
      if (++checks >= CHECKS_PER_TICK) return;
    }
    this.#unchecked = undefined;
  }
}

/** A deaf node has nothing but the log to know from what its members miss (RELIABILITY C5). */
function isLogReadable(status: BrokerStatus): boolean {
  return status.state === 'connected' || (status.state === 'degraded' && status.deaf === true);
}
