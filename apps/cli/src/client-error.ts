import type { TrunklineError } from '@trunkline/protocol';

/** Of what the SDK, which pays for each word, and a close say by a code alone. */
const CURES: Readonly<Record<string, string>> = {
  cancelled: 'The connection was closed before it was done.',
  id_conflict: 'This id belongs to another message; choose another.',
  invalid_data: 'The data can not be written as JSON.',
  queue_full: 'Too much waits for the server; try again when it answers.',
  timeout: 'No answer came in time; look whether the server is well, with "trunkline doctor".',
  token_expired: 'The token has ended: make a new one with "trunkline token".',
  token_revoked: 'The token was revoked: make a new one with "trunkline token".',
  too_many_connections: 'This user has too many connections: close others.',
  unauthenticated: 'The token is not valid there: make one with "trunkline token".',
  too_large: 'It is larger than this server takes (its MAX_MESSAGE_BYTES); send less.',
  unknown_outcome: 'It was sent and no answer came: it may have acted. Sent again under the same id it acts once.',
};

export function cureOf(code: string): string | undefined {
  return Object.hasOwn(CURES, code) ? CURES[code] : undefined;
}

/** The message of an error, with a cure where it came without words. */
export function messageOf({ code, message }: TrunklineError): string {
  return message === code ? (cureOf(code) ?? message) : message;
}
