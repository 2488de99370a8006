import type { Principal } from './authenticator.js';

/** What one principal may do in one room; kept fresh by the hub while the membership lives. */
export interface Grant {
  readonly join: boolean;
  readonly history: boolean;
  readonly presence: boolean;
  /** True when relations were needed to grant: it goes stale while the directory is deaf. */
  readonly relational: boolean;
  /** Events this principal may publish without being a member. */
  readonly publish: ReadonlySet<string>;
  /** Events it may publish while a member. */
  readonly publishAsMember: ReadonlySet<string>;
}

/** Decides from the contract's rules over token and relations. */
export interface RoomPolicy {
  /**
   * @throws {TrunklineError} `invalid_room`, `unknown_room_kind`, or `unavailable` when relations can not be read (fail
   * closed). A room that does not exist and one that is not yours are the same grant.
   */
  evaluate(principal: Principal, room: string): Promise<Grant>;
}
