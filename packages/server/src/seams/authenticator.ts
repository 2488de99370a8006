/** Who a connection is: from the token's claims, or made by an application's own authenticator. */
export interface Principal {
  readonly userId: string;
  readonly roles: readonly string[];
  readonly companyId?: string;
  /** Rooms the token itself grants (claim `rooms`). */
  readonly rooms: readonly string[];
  /** The claims, for policies `claim:x` and dialects. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly sessionId?: string;
  readonly tokenId?: string;
  /** When the token was issued, milliseconds; for revocation by time. */
  readonly issuedAt?: number;
  /** When the token ends, milliseconds since 1970; null: never (the development test token). */
  readonly expiresAt: number | null;
  /** A guest without a token: joins only kinds with the rule `anonymous`. */
  readonly anonymous?: true;
}

/** Turns a token into a principal. */
export interface Authenticator {
  /** @throws {TrunklineError} `unauthenticated`, `token_expired`, `token_revoked`, or `unavailable` when keys can not be had */
  authenticate(token: string): Promise<Principal>;
}
