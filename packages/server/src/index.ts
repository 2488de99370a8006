/**
 * Trunkline's hub as a library.
 *
 *     const hub = createHub({ contract, authenticator: createJwtAuthenticator({ secret }) });
 *     hub.handle('greet', ({ name }) => ({ text: `Hello ${name}` }));
 *     await hub.start();
 *     hub.attach(httpServer, [canonicalDialect()]);
 *
 * - `createHub`: connections, rooms, policy, delivery; `Hub` is its interface
 * - `canonicalDialect`, `webSocketDialect`: ways of speaking to it
 * - seams: `Broker`, `PresenceStore`, `Directory`, `Ledger`, `Roster`, `Authenticator`, `RoomPolicy`, `Dialect`
 * - conformance suites for each are at `./testing`
 */
export {
  ASYMMETRIC_ALGORITHMS,
  type AsymmetricAlgorithm,
  createJwtAuthenticator,
  createMemoryTicketStore,
  createRedisTicketStore,
  createRevocations,
  createTickets,
  createTokenIssuer,
  isLoopback,
  type JwksOptions,
  type JwtAuthenticatorOptions,
  type Revocations,
  type RevocationsOptions,
  TICKET_PREFIX,
  type Ticket,
  type TicketStore,
  type Tickets,
  type TokenIssuer,
  type TokenIssuerOptions,
  type TokenSubject,
  withTickets,
} from './auth/index.js';
export { createMemoryBroker, type MemoryBrokerOptions } from './broker/memory-broker.js';
export { createRedisBackend, type RedisBackend, type RedisBackendOptions } from './broker/redis/redis-backend.js';
export { describeForbidden, isForbidden, type RedisChannels, redisChannels } from './broker/redis/redis-rights.js';
export { parseRedisUrl, type RedisTarget } from './broker/redis/redis-url.js';
export { type CanonicalDialectOptions, canonicalDialect } from './canonical/canonical-dialect.js';
export { createMemoryDirectory, type MemoryDirectoryOptions } from './directory/memory-directory.js';
export { createWebhookDirectory, type WebhookDirectoryOptions } from './directory/webhook-directory.js';
export { createHub } from './hub/create-hub.js';
export type {
  Accounts,
  ActionContext,
  ActionForwarder,
  ActionHandlers,
  ActionRequest,
  Hub,
  HubLimits,
  HubOptions,
  HubPublication,
  HubStatus,
  Spread,
} from './hub/hub-api.js';
export { DEFAULT_HUB_LIMITS } from './hub/hub-limits.js';
export { createMemoryLedger, type MemoryLedgerOptions } from './ledger/memory-ledger.js';
export { createMemoryPresenceStore } from './presence/memory-presence-store.js';
export { createMemoryRevocationStore } from './revocations/memory-revocation-store.js';
export { createMemoryRoster } from './roster/memory-roster.js';
export { addressKey } from './router/request-head.js';
export type { Authenticator, Principal } from './seams/authenticator.js';
export type {
  Appended,
  Broker,
  BrokerEvents,
  BrokerStatus,
  LogBounds,
  LoggedEvent,
  LogPage,
  LogQuery,
  Publication,
} from './seams/broker.js';
export type { Codec, Conversation, Decoded, Farewell, Hello } from './seams/codec.js';
export type { CountedConnection, Dialect, Mount, RequestHead } from './seams/dialect.js';
export type { Directory, Relation, RelationChange } from './seams/directory.js';
export type {
  Admission,
  Credentials,
  Gateway,
  GatewayLimits,
  Greeting,
  IssuedToken,
  OpenOptions,
  Published,
  ServicePublication,
} from './seams/gateway.js';
export type { Claim, Ledger, ReceiptAdvance } from './seams/ledger.js';
export type { Encoder, Gone, Link } from './seams/link.js';
export type { Logger } from './seams/logger.js';
export { type EventNotice, type Notice, PING } from './seams/notice.js';
export type { Observer } from './seams/observer.js';
export type { PresenceChange, PresenceEntry, PresenceStore } from './seams/presence-store.js';
export type { Revocation, RevocationStore, SessionEnd } from './seams/revocation-store.js';
export type { Grant, RoomPolicy } from './seams/room-policy.js';
export type { Roster, RosterEntry, RosterPage, RosterQuery, RosterRoom } from './seams/roster.js';
export type { Command, Reply, Session } from './seams/session.js';
export { webSocketDialect } from './web-socket/web-socket-dialect.js';
export type { WebSocketDialectOptions } from './web-socket/web-socket-options.js';
