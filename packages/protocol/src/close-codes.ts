/** What a client does after a close: `at-once` still spreads its first retry, `backoff` waits, `never` stops loudly. */
export interface CloseCodeRule {
  readonly name: string;
  readonly reconnect: 'at-once' | 'backoff' | 'never';
  /** True when the token is the cause: fetch a new one before the next try. */
  readonly newToken: boolean;
}

/** Every close code the server sends (PROTOCOL.md, "Close codes"). 4000-4499 reconnect, 4500-4999 are final. */
export const CLOSE_CODES = {
  1000: { name: 'normal', reconnect: 'never', newToken: false },
  1001: { name: 'going_away', reconnect: 'at-once', newToken: false },
  1002: { name: 'protocol_error', reconnect: 'backoff', newToken: false },
  1003: { name: 'unsupported_data', reconnect: 'backoff', newToken: false },
  1007: { name: 'invalid_text', reconnect: 'backoff', newToken: false },
  1008: { name: 'policy_violation', reconnect: 'backoff', newToken: true },
  1009: { name: 'message_too_big', reconnect: 'backoff', newToken: false },
  1011: { name: 'internal_error', reconnect: 'backoff', newToken: false },
  1012: { name: 'service_restart', reconnect: 'at-once', newToken: false },
  1013: { name: 'try_again_later', reconnect: 'backoff', newToken: false },
  4000: { name: 'heartbeat_timeout', reconnect: 'at-once', newToken: false },
  4001: { name: 'hello_timeout', reconnect: 'backoff', newToken: false },
  4002: { name: 'slow_consumer', reconnect: 'backoff', newToken: false },
  4003: { name: 'rate_limited', reconnect: 'backoff', newToken: false },
  4004: { name: 'too_many_connections', reconnect: 'backoff', newToken: false },
  4005: { name: 'unavailable', reconnect: 'backoff', newToken: false },
  4100: { name: 'unauthenticated', reconnect: 'at-once', newToken: true },
  4101: { name: 'token_expired', reconnect: 'at-once', newToken: true },
  4102: { name: 'token_revoked', reconnect: 'at-once', newToken: true },
  4500: { name: 'superseded', reconnect: 'never', newToken: false },
  4501: { name: 'protocol_violation', reconnect: 'never', newToken: false },
  4502: { name: 'disconnected', reconnect: 'never', newToken: false },
  4503: { name: 'subject_changed', reconnect: 'never', newToken: false },
  4504: { name: 'forbidden', reconnect: 'never', newToken: false },
} as const satisfies Record<number, CloseCodeRule>;

export type CloseCode = keyof typeof CLOSE_CODES;

/**
 * The rule for any close code, known or not: unknown 4000-4499 reconnect after backoff, unknown 4500-4999 are final,
 * everything else reconnects after backoff.
 */
export function closeCodeRule(code: number): CloseCodeRule {
  if (Object.hasOwn(CLOSE_CODES, code)) return CLOSE_CODES[code as CloseCode];
  const final = code >= 4500 && code <= 4999;
  return { name: 'unknown', reconnect: final ? 'never' : 'backoff', newToken: false };
}
