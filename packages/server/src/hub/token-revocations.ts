import { TrunklineError } from '@trunkline/protocol';
import { createRevocations } from '../auth/revocations.js';
import type { Principal } from '../seams/authenticator.js';
import type { Core } from './core.js';
import type { Revocation } from './hub-api.js';

/** The tokens that are refused from now on, and the connections that end with them. */
export class TokenRevocations {
  readonly #revoked = createRevocations();

  constructor(private readonly core: Core) {}

  /** @throws {TrunklineError} `token_revoked` */
  check(principal: Principal): void {
    if (this.#revoked.isRevoked(principal))
      throw new TrunklineError('token_revoked', 'This token was revoked; sign in again.');
  }

  apply(revocation: Revocation): void {
    if (!this.#revoked.add(revocation))
      this.core.logger.warn({}, 'the oldest token revocations were forgotten to make room');
    for (const connection of this.core.connections.byId.values()) {
      if (this.#revoked.isRevoked(connection.principal)) connection.close(4102, 'token_revoked');
    }
  }
}
