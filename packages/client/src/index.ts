/**
 * The Trunkline client SDK.
 *
 * - `createClient<typeof contract>({ url, token })`: one connection, typed by the contract (a type import only)
 * - `client.room('booking', '42')`: `join`, `on`, `events`, `publish`, `history`, `presence`, `typing`, `receipts`, `onGap`
 * - `client.request(action, input)` asks the server, `client.handle(method, fn)` answers it
 * - `client.state` and `client.on('state', …)`: one machine (`transition`), drawn in the README; `client.explain()` says why
 * - `client.queue`: what waits while offline; storage at `./local-storage`, `./indexed-db`, `./async-storage`
 */

export { TrunklineError } from '@trunkline/protocol';
export type {
  CallHandlers,
  Client,
  ClientEvents,
  Explanation,
  HistoryPage,
  HistoryQuery,
  JoinedInfo,
  JoinOptions,
  Presence,
  PresenceDiff,
  Published,
  PublishedToMany,
  PublishOptions,
  Receipts,
  RequestOptions,
  Room,
  RoomStatus,
  Typing,
} from './client-api.js';
export type { Clock } from './clock.js';
export type { Cause, ConnectionState, Status } from './connection-state.js';
export { createClient } from './create-client.js';
export type { AnyEvent, AnyRoomEvent, Gap, Left, RoomEvent } from './events.js';
export { type ClientOptions, DEFAULTS, type QueueOptions } from './options.js';
export type { Queue, QueuedPublish, QueueStatus, StoredOutcome } from './queue-api.js';
export type { QueueStorage, StoredPublish } from './queue-storage.js';
export type { TimelineEntry } from './timeline.js';
export type { TokenContext, TokenOption } from './tokens.js';
export type { WebSocketClass, WebSocketLike } from './transport.js';
