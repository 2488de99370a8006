/**
 * Trunkline and TanStack Query 5.
 *
 * - `bridge(client, queryClient, map)`: events of joined rooms into the cache, once for the whole application
 * - `useRealtimeQuery(options)`: one query that its room keeps up to date
 * - `roomQueryOptions(client, room)`: a room's newest events as a query
 * - `useAction`, `actionMutationOptions`: actions as mutations
 */
export { type BridgeEntry, type BridgeMap, bridge } from './query/bridge.js';
export { type RoomQuery, type RoomQueryOptions, roomQueryKey, roomQueryOptions } from './query/room-query-options.js';
export { actionMutationOptions, type UseActionOptions, useAction } from './query/use-action.js';
export { type RealtimeQueryOptions, useRealtimeQuery } from './query/use-realtime-query.js';
