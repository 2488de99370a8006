import type { PresenceMember, PresenceSnapshot } from '@trunkline/protocol';

export interface PresenceEntry {
  readonly userId: string;
  readonly connectionId: string;
  /** Undefined: it has set none. It then takes none from those that have. */
  readonly state: unknown;
}

/** One step of a room's presence; versions are dense per room. `leave` carries the member without connections, in its last state. */
export interface PresenceChange {
  readonly room: string;
  /** Whose state the member shows; of `leave` the one that went last. */
  readonly connectionId: string;
  readonly version: number;
  readonly change: 'join' | 'update' | 'leave';
  readonly member: PresenceMember;
}

/**
 * Who is in a room, over all nodes. Entries belong to this node's incarnation and count only while its lease lives;
 * several connections of one user are one member, whose state is the one set last (null where none was). The hub fans changes out.
 * Implementations run `presenceStoreConformance`.
 */
export interface PresenceStore {
  /** How long entries count without `renew`, milliseconds. */
  readonly leaseMs: number;
  start(): Promise<void>;
  /** Adds or updates one connection's entry. Atomic. Null: nothing a member could see changed. */
  touch(room: string, entry: PresenceEntry): Promise<PresenceChange | null>;
  /** Removes one connection's entry. Idempotent. */
  remove(room: string, connectionId: string): Promise<PresenceChange | null>;
  /**
   * Live entries only, with the version they add up to. `above`: a version that was told; a store whose own is not above
   * it, as after a loss, goes on from there, so that no version is told twice.
   */
  list(room: string, above?: number): Promise<PresenceSnapshot>;
  /** The rooms in which a user is present, on any node. */
  roomsOf(userId: string): Promise<readonly string[]>;
  /**
   * Renews this node's lease. `lost`: a new incarnation was registered and every entry must be touched again, because the
   * lease had run out, or because the store may have forgotten or never taken some of what this node wrote.
   */
  renew(): Promise<'held' | 'lost'>;
  /** Every entry has been touched since `lost`: what was left under an incarnation before is void from now on. */
  entered(): Promise<void>;
  /** Removes entries of nodes whose lease ran out, and returns what that changed for the caller to tell. */
  sweep(): Promise<readonly PresenceChange[]>;
  close(): Promise<void>;
}
