import type { PresenceSnapshot } from '@trunkline/protocol';
import type { PresenceChange } from '../seams/presence-store.js';
import type { Connection } from './connection.js';
import type { Core } from './core.js';
import { EarlyPresence } from './early-presence.js';
import type { HubRoom, Membership } from './hub-room.js';
import type { PresenceMessage } from './room-messages.js';
import type { Rooms } from './rooms.js';

/** How long an abnormal close leaves a member present, so that a quick reconnect is no flap. */
const GRACE_MS = 2_000;
/** Part of the lease after which it is renewed (DESIGN: 3 s of 10). */
const RENEW_SHARE = 0.3;
/** A dead node's members are gone within its lease and a tenth of it. */
const SWEEP_SHARE = 0.05;
/** Entries on their way to the store at once when all are entered again. */
const ENTERED_AT_ONCE = 100;

/** Members' presence: entered with the join, changes fanned out in version order, a hole that stays re-read and sent as `sync`. */
export class PresenceService {
  readonly #grace = new Map<NodeJS.Timeout, () => void>();
  /** What the store was asked to remove: whoever closes waits until it is told, for nobody else would tell it. */
  readonly #removals = new Set<Promise<void>>();
  readonly #syncing = new Set<HubRoom>();
  readonly #early = new EarlyPresence((room) => void this.resync(room));
  #renewals: NodeJS.Timeout | undefined;
  #sweeps: NodeJS.Timeout | undefined;
  #renewing = false;
  #entering = false;
  #enterAgain = false;
  #sweeping = false;

  constructor(
    private readonly core: Core,
    private readonly rooms: Rooms,
  ) {}

  start(): void {
    const { leaseMs } = this.core.presence;
    this.#renewals = setInterval(() => void this.#renew(), leaseMs * RENEW_SHARE).unref();
    this.#sweeps = setInterval(() => this.#track(this.#sweep()), leaseMs * SWEEP_SHARE).unref();
  }

  /** @returns whether its user came with it */
  async enter(membership: Membership): Promise<boolean> {
    if (membership.room.rules.definition.presence === false) return false;
    const { connection, presenceState: state, room } = membership;
    const change = await this.core.presence.touch(room.name, {
      userId: connection.principal.userId,
      connectionId: connection.id,
      state,
    });
    this.#tell(change);
    return change?.change === 'join';
  }

  /** What a joiner is shown, and the version from which changes count for it. */
  async snapshot(room: HubRoom): Promise<PresenceSnapshot> {
    const snapshot = await this.core.presence.list(room.name);
    if (room.presenceVersion < 0) room.presenceVersion = snapshot.version;
    return snapshot;
  }

  /** Ends a membership's presence: at once, or after the grace when the peer only dropped. */
  exit(connection: Connection, room: HubRoom, clean: boolean): void {
    if (room.rules.definition.presence === false) return;
    const remove = () => this.#track(this.#remove(connection, room));
    if (clean) {
      remove();
      return;
    }
    const timer = setTimeout(() => {
      this.#grace.delete(timer);
      remove();
    }, GRACE_MS).unref();
    this.#grace.set(timer, remove);
  }

  /** True while somebody who dropped may yet come back. */
  get isInGrace(): boolean {
    return this.#grace.size > 0;
  }

  /** @param removal never rejects */
  #track(removal: Promise<void>): void {
    this.#removals.add(removal);
    void removal.then(() => this.#removals.delete(removal));
  }

  async #remove(connection: Connection, room: HubRoom): Promise<void> {
    await this.core.presence.remove(room.name, connection.id).then((change) => this.#tell(change), this.#away);
    // While the store was away it may have come after the entry of a new join.
    const again = connection.memberships.get(room.name);
    if (again !== undefined && connection.isOpen) await this.enter(again).catch(this.#away);
  }

  /** A change another node or this one told. */
  heard(room: HubRoom, message: PresenceMessage): void {
    const { version } = message;
    if (room.presenceVersion >= 0 && version <= room.presenceVersion) return;
    if (room.presenceVersion >= 0 && version > room.presenceVersion + 1) {
      this.#early.hold(room, message);
      return;
    }
    this.#show(room, message);
    this.#showEarly(room);
  }

  #show(room: HubRoom, { version, change, member, connectionId }: PresenceMessage): void {
    room.presenceVersion = version;
    const timestamp = Date.now();
    room.presenceChanged({ type: 'presence', room: room.name, version, change, member, connectionId, timestamp });
  }

  #showEarly(room: HubRoom): void {
    for (let next = this.#early.take(room); next; next = this.#early.take(room)) this.#show(room, next);
  }

  /** Reads the room's presence again and tells it whole where it is newer, or where the store lost what was told. */
  async resync(room: HubRoom): Promise<void> {
    if (this.#syncing.has(room)) return;
    this.#syncing.add(room);
    await this.#sync(room, room.presenceVersion - 1);
    this.#syncing.delete(room);
  }

  async #sync(room: HubRoom, above: number): Promise<void> {
    try {
      const { version, members } = await this.core.presence.list(room.name, above);
      if (version > room.presenceVersion) {
        room.presenceVersion = version;
        room.presenceChanged({
          type: 'presence',
          room: room.name,
          version,
          change: 'sync',
          members,
          timestamp: Date.now(),
        });
      }
      this.#showEarly(room);
    } catch (error) {
      this.#away(error);
    }
  }

  /** After an outage: this node's lease renewed, and what the store may have lost entered and told anew. Never throws. */
  async restore(): Promise<void> {
    if (!(await this.#renew())) await this.#enterAll();
  }

  /** Every entry of this node again, and every room's members told all of it. Asked for meanwhile, it begins anew. */
  async #enterAll(): Promise<void> {
    this.#enterAgain = true;
    if (this.#entering) return;
    this.#entering = true;
    while (this.#enterAgain) {
      this.#enterAgain = false;
      for (const room of this.rooms.all()) {
        if (room.rules.definition.presence !== false) await this.#enterRoom(room);
      }
    }
    this.#entering = false;
    await this.core.presence.entered().catch(this.#away);
  }

  async #enterRoom(room: HubRoom): Promise<void> {
    const memberships = [...room.members()];
    for (let from = 0; from < memberships.length; from += ENTERED_AT_ONCE) {
      const some = memberships.slice(from, from + ENTERED_AT_ONCE);
      await Promise.all(some.map((membership) => this.enter(membership).catch(this.#away)));
    }
    // Changes made before and after a loss may bear the same versions: what is told now goes above both.
    await this.#sync(room, room.presenceVersion);
  }

  async close(): Promise<void> {
    clearInterval(this.#renewals);
    clearInterval(this.#sweeps);
    this.#early.close();
    for (const [timer, remove] of this.#grace) {
      clearTimeout(timer);
      remove();
    }
    this.#grace.clear();
    await Promise.all(this.#removals);
  }

  #tell(change: PresenceChange | null): void {
    if (change === null) return;
    const { room, ...step } = change;
    this.core.broker.emit(room, { t: 'p', ...step } satisfies PresenceMessage);
  }

  /** @returns whether all are being entered again */
  async #renew(): Promise<boolean> {
    if (this.#renewing) return false;
    this.#renewing = true;
    try {
      if ((await this.core.presence.renew()) === 'held') return false;
      void this.#enterAll();
      return true;
    } catch (error) {
      this.#away(error);
      return false;
    } finally {
      this.#renewing = false;
    }
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      for (const change of await this.core.presence.sweep()) this.#tell(change);
    } catch (error) {
      this.#away(error);
    } finally {
      this.#sweeping = false;
    }
  }

  /** Presence is restored by the next renewal; while the store is away there is nothing to tell. */
  readonly #away = (error: unknown): void => {
    this.core.logger.debug({ err: error }, 'presence store did not answer');
  };
}
