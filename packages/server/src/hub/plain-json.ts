import { DEFAULT_LIMITS, inspectJson, TrunklineError } from '@trunkline/protocol';

/**
 * What this process gives to clients, as they will get it, and apart from the caller's own object: an event that can not
 * be worded, or that changes afterwards, must not get into a log.
 *
 * @throws {TrunklineError} `invalid_data`, `too_large`: as a client's own data is refused
 */
export function plainJson(value: unknown, maxBytes: number): unknown {
  const flaw = inspectJson(value, DEFAULT_LIMITS.jsonDepth);
  if (flaw !== null) throw noJson(flaw.path, flaw.reason);
  const text = wordJson(value);
  if (text === undefined) throw noJson('data', 'missing');
  if (Buffer.byteLength(text) > maxBytes)
    throw new TrunklineError('too_large', `The data has more than ${maxBytes} bytes.`, { path: 'data' });
  return JSON.parse(text);
}

function wordJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw noJson('data', 'not_json', cause);
  }
}

function noJson(path: string, reason: string, cause?: unknown): TrunklineError {
  return new TrunklineError('invalid_data', `The data can not travel as JSON: ${reason}.`, { path, cause });
}
