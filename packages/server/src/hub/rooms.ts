import type { Core } from './core.js';
import { HubRoom, type Membership } from './hub-room.js';

/** The rooms with members on this node: subscribed at the first, unsubscribed after the last. */
export class Rooms {
  readonly #rooms = new Map<string, { readonly room: HubRoom; readonly ready: Promise<void> }>();

  constructor(private readonly core: () => Core) {}

  get(name: string): HubRoom | undefined {
    return this.#rooms.get(name)?.room;
  }

  *all(): Generator<HubRoom> {
    for (const { room } of this.#rooms.values()) yield room;
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** The room, subscribed and with its place in the log; held until {@link release}. */
  async acquire(name: string): Promise<HubRoom> {
    let entry = this.#rooms.get(name);
    if (entry === undefined) {
      const core = this.core();
      const room = new HubRoom(core, name, core.rules.kindOf(name));
      entry = { room, ready: open(core, room) };
      this.#rooms.set(name, entry);
    }
    entry.room.holds++;
    await entry.ready;
    return entry.room;
  }

  release(room: HubRoom): void {
    room.holds--;
    this.#dropIfEmpty(room);
  }

  remove(membership: Membership): void {
    const { room, connection } = membership;
    room.remove(membership);
    connection.memberships.delete(room.name);
    this.#dropIfEmpty(room);
  }

  #dropIfEmpty(room: HubRoom): void {
    if (room.size > 0 || room.holds > 0 || this.#rooms.get(room.name)?.room !== room) return;
    this.#rooms.delete(room.name);
    room.feed.close();
    this.core().broker.unsubscribe(room.name);
  }
}

async function open(core: Core, room: HubRoom): Promise<void> {
  const subscribed = core.broker.subscribe(room.name).catch(() => undefined);
  // While the broker is away the room serves this node alone; the broker subscribes when it is back and makes it check.
  if (core.broker.status.state === 'connected') await subscribed;
  await room.feed.open();
}
