/** Identity: verifying, issuing, revoking and exchanging tokens. */
export type { JwksOptions } from './jwks-key-source.js';
export { createJwtAuthenticator, type JwtAuthenticatorOptions } from './jwt-authenticator.js';
export { isLoopback } from './loopback.js';
export { createRedisTicketStore } from './redis-ticket-store.js';
export { createRevocations, type Revocations, type RevocationsOptions } from './revocations.js';
export {
  createMemoryTicketStore,
  createTickets,
  TICKET_PREFIX,
  type Ticket,
  type TicketStore,
  type Tickets,
  withTickets,
} from './tickets.js';
export { createTokenIssuer, type TokenIssuer, type TokenIssuerOptions, type TokenSubject } from './token-issuer.js';
export { ASYMMETRIC_ALGORITHMS, type AsymmetricAlgorithm } from './verification-keys.js';
