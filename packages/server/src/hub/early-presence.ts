import type { HubRoom } from './hub-room.js';
import type { PresenceMessage } from './room-messages.js';

/** A hole that is not filled by then was a loss. */
const WAIT_MS = 250;
const MAX_EARLY = 1_000;

interface Early {
  readonly changes: Map<number, PresenceMessage>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Presence changes that came before their predecessors. Nodes take a version and publish it in two steps, so versions of
 * several nodes cross on their way; only a hole that stays is worth a look at the whole room.
 */
export class EarlyPresence {
  readonly #rooms = new Map<HubRoom, Early>();

  /** `onLost` is told of rooms whose hole stayed. */
  constructor(private readonly onLost: (room: HubRoom) => void) {}

  hold(room: HubRoom, message: PresenceMessage): void {
    let early = this.#rooms.get(room);
    if (early === undefined) {
      early = { changes: new Map(), timer: setTimeout(() => this.#giveUp(room), WAIT_MS).unref() };
      this.#rooms.set(room, early);
    }
    early.changes.set(message.version, message);
    if (early.changes.size > MAX_EARLY) this.#giveUp(room);
  }

  /** Takes the change that is next in the room, if it came already. */
  take(room: HubRoom): PresenceMessage | undefined {
    const early = this.#rooms.get(room);
    if (early === undefined) return undefined;
    for (const version of early.changes.keys()) if (version <= room.presenceVersion) early.changes.delete(version);
    const next = early.changes.get(room.presenceVersion + 1);
    if (early.changes.size === 0) this.#forget(room, early);
    else if (next) early.timer.refresh();
    return next;
  }

  close(): void {
    for (const [room, early] of this.#rooms) this.#forget(room, early);
  }

  #giveUp(room: HubRoom): void {
    const early = this.#rooms.get(room);
    if (early === undefined) return;
    this.#forget(room, early);
    if (room.size > 0) this.onLost(room);
  }

  #forget(room: HubRoom, { timer }: Early): void {
    clearTimeout(timer);
    this.#rooms.delete(room);
  }
}
