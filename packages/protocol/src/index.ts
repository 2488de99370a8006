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

export type {
  CancelFrame,
  ClientFrame,
  HelloFrame,
  HistoryFrame,
  JoinFrame,
  LeaveFrame,
  PongFrame,
  PresenceSetFrame,
  PublishFrame,
  ReadFrame,
  ReceiptKind,
  ReceiptsFrame,
  RefreshFrame,
  RequestFrame,
  ResultFrame,
  RoomRequest,
  SendFrame,
  SkipFrame,
} from './client-frames.js';
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
export { createId, isIdentifier } from './identifier.js';
export { inspectJson, type JsonFlaw } from './inspect-json.js';
export { DEFAULT_LIMITS } from './limits.js';
export type { Position } from './position.js';
export { isRoomName, parseRoomName, type RoomName, type RoomParts } from './room-name.js';
export type {
  AckedRoom,
  AckFrame,
  CallFrame,
  CancelCallFrame,
  ErrorFrame,
  EventFrame,
  ExpiringFrame,
  From,
  GapFrame,
  GapReason,
  GoawayFrame,
  HistoryResult,
  JoinedFrame,
  LeftFrame,
  LeftReason,
  PingFrame,
  PresenceFrame,
  PresenceMember,
  PresenceSnapshot,
  ProgressFrame,
  ReceiptCounts,
  ReceiptCursor,
  ReceiptFrame,
  RefreshResult,
  ResponseFrame,
  ServerFrame,
  WelcomeFrame,
  WelcomeLimits,
} from './server-frames.js';
export { BEARER_SUBPROTOCOL_PREFIX, SUBPROTOCOL } from './subprotocol.js';
export { type ErrorBody, TrunklineError, type TrunklineErrorOptions } from './trunkline-error.js';
