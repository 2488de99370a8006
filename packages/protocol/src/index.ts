/**
 * Trunkline's wire, for everyone who speaks it. This entry has no dependency.
 *
 * - frames: `ClientFrame`, `ServerFrame` and their parts; `decodeClientFrame` for servers, `decodeServerFrames` for clients
 * - codes: `ERROR_CODES` with `TrunklineError`, `CLOSE_CODES` with `closeCodeRule`
 * - names: `parseRoomName`, `createId`
 * - contract types: `EventData<C, 'booking', 'status_update'>` and the like
 *
 * Schemas (Zod) are at `./schemas`; `defineContract` and the built-in contract at `./contract`.
 * `docs/PROTOCOL.md` is the normative text.
 */
export { CLOSE_CODES, type CloseCode, type CloseCodeRule, closeCodeRule } from './close-codes.js';
export type {
  AccessRule,
  ActionDefinition,
  ActionInput,
  ActionName,
  ActionOutput,
  ActionProgress,
  CallDefinition,
  CallInput,
  CallName,
  CallOutput,
  ConflateBy,
  Contract,
  EventData,
  EventDefinition,
  EventName,
  Output,
  RoomKind,
  RoomKindDefinition,
  SchemaLike,
} from './contract-types.js';
export { type DecodedClientFrame, decodeClientFrame, type FrameFlaw } from './decode-client-frame.js';
export { decodeServerFrames } from './decode-server-frames.js';
export { ERROR_CODES, type ErrorCode, type ErrorCodeRule, isErrorCode } from './error-codes.js';
export {
  type AckedRoom,
  type AckFrame,
  BEARER_SUBPROTOCOL_PREFIX,
  type CallFrame,
  type CancelCallFrame,
  type CancelFrame,
  type ClientFrame,
  type ErrorFrame,
  type EventFrame,
  type ExpiringFrame,
  type From,
  type GapFrame,
  type GapReason,
  type GoawayFrame,
  type HelloFrame,
  type HistoryFrame,
  type HistoryResult,
  type JoinedFrame,
  type JoinFrame,
  type LeaveFrame,
  type LeftFrame,
  type LeftReason,
  type PingFrame,
  type PongFrame,
  type Position,
  type PresenceFrame,
  type PresenceMember,
  type PresenceSetFrame,
  type PresenceSnapshot,
  type ProgressFrame,
  type PublishFrame,
  type ReadFrame,
  type ReceiptCounts,
  type ReceiptCursor,
  type ReceiptFrame,
  type ReceiptKind,
  type ReceiptsFrame,
  type RefreshFrame,
  type RefreshResult,
  type RequestFrame,
  type ResponseFrame,
  type ResultFrame,
  type RoomRequest,
  type SendFrame,
  type ServerFrame,
  type SkipFrame,
  SUBPROTOCOL,
  type WelcomeFrame,
  type WelcomeLimits,
} from './frames.js';
export { createId, isIdentifier } from './identifier.js';
export { inspectJson, type JsonFlaw } from './inspect-json.js';
export { DEFAULT_LIMITS } from './limits.js';
export { isRoomName, parseRoomName, type RoomName, type RoomParts } from './room-name.js';
export { type ErrorBody, TrunklineError, type TrunklineErrorOptions } from './trunkline-error.js';
