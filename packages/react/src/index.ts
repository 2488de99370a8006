/**
 * React bindings for Trunkline.
 *
 * - `<TrunklineProvider client={…}>` gives the hooks a client; `interface Register` types them by your contract
 * - `useConnection`: status, `explain()`; `useQueue`: what waits
 * - `useRoom(name, { onEvent })`, `usePersonalRoom`: in a room while the component is there
 * - `usePresence`, `useTyping`, `useReceipts`, `useHistory`: what a room shows
 * - `useRequest(action)`: asks the server
 *
 * `./query` bridges to TanStack Query; `./shipvox` and `./falcon` are the hooks those formats document.
 */
export type { HistoryState } from './history-store.js';
export { TrunklineProvider, type TrunklineProviderProps, useClient } from './provider.js';
export type { AppClient, AppContract, AppKind, AppRoom, Register, RoomOf } from './register.js';
export type { AppEvent, RoomState } from './room-store.js';
export { type Connection, useConnection } from './use-connection.js';
export { type RoomHistory, type UseHistoryOptions, useHistory } from './use-history.js';
export { usePersonalRoom } from './use-personal-room.js';
export { type RoomPresence, usePresence } from './use-presence.js';
export { useQueue } from './use-queue.js';
export { type RoomReceipts, useReceipts } from './use-receipts.js';
export { type Request, type RequestState, useRequest } from './use-request.js';
export { type JoinedRoom, type UseRoomOptions, useRoom } from './use-room.js';
export { type RoomTyping, useTyping } from './use-typing.js';
