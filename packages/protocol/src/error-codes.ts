/** What a refusal means to a program. The code is API, the message is not. */
export interface ErrorCodeRule {
  /** True when the same frame, sent again later, may be accepted. */
  readonly retryable: boolean;
}

/** Every error code of `trunkline.v1` (PROTOCOL.md, "Error codes"; each has cause and cure there). */
export const ERROR_CODES = {
  already_authenticated: { retryable: false },
  cancelled: { retryable: false },
  duplicate_id: { retryable: false },
  forbidden: { retryable: false },
  id_conflict: { retryable: false },
  internal: { retryable: true },
  invalid_data: { retryable: false },
  invalid_frame: { retryable: false },
  invalid_room: { retryable: false },
  malformed: { retryable: false },
  not_authenticated: { retryable: false },
  not_found: { retryable: false },
  not_joined: { retryable: false },
  out_of_order: { retryable: true },
  queue_full: { retryable: false },
  rate_limited: { retryable: true },
  subject_changed: { retryable: false },
  timeout: { retryable: true },
  token_expired: { retryable: false },
  token_revoked: { retryable: false },
  too_large: { retryable: false },
  too_many_connections: { retryable: true },
  too_many_rooms: { retryable: false },
  too_many_unacked: { retryable: true },
  unauthenticated: { retryable: false },
  unavailable: { retryable: true },
  unknown_action: { retryable: false },
  unknown_event: { retryable: false },
  unknown_frame: { retryable: false },
  unknown_outcome: { retryable: false },
  unknown_room_kind: { retryable: false },
} as const satisfies Record<string, ErrorCodeRule>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** True for a code of our table; action backends may answer codes of their own, which pass as they are. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
