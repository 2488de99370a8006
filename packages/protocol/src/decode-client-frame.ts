import type { ClientFrame } from './client-frames.js';
import type { ErrorCode } from './error-codes.js';
import { type Fields, FRAME_RULES, takeFields } from './frame-rules.js';
import { isIdentifier } from './identifier.js';
import { inspectJson } from './inspect-json.js';
import { DEFAULT_LIMITS } from './limits.js';

/** A refused frame: what the server answers with. `id` is the frame's own, where it could be read. */
export interface FrameFlaw {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
  readonly path?: string;
  readonly id?: string;
}
export type DecodedClientFrame = { readonly ok: true; readonly frame: ClientFrame } | FrameFlaw;

const MESSAGES = {
  too_deep: 'JSON nests too deep.',
  too_wide: 'An object has too many keys.',
  forbidden_key: 'The keys __proto__, constructor and prototype are refused.',
  not_finite: 'A number is outside what JSON can carry.',
} as const;

/**
 * Reads one text frame of a client (PROTOCOL.md, "Client frames"). Never throws. Unknown fields are dropped; the
 * offending field is named and its value never echoed.
 *
 * A `hello` above `helloBytes` is `too_large`; the bound of any other frame is the transport's.
 */
export function decodeClientFrame(text: string): DecodedClientFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, code: 'malformed', message: 'The frame is not JSON.' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, code: 'malformed', message: 'The frame is not a JSON object.' };
  }
  return decodeFields(value as Fields, text);
}

function decodeFields(fields: Fields, text: string): DecodedClientFrame {
  const { type, id } = fields;
  if (type === 'pong') return { ok: true, frame: { type } };
  const known = isIdentifier(id) ? { id } : {};
  if (typeof type !== 'string') {
    return { ok: false, code: 'invalid_frame', message: 'A frame needs a type.', path: 'type', ...known };
  }
  const rule = FRAME_RULES.get(type);
  if (rule === undefined) {
    return { ok: false, code: 'unknown_frame', message: 'This frame type is not known.', path: 'type', ...known };
  }
  if (!isIdentifier(id)) {
    const message = 'A frame needs an id of 1-128 printable ASCII characters.';
    return { ok: false, code: 'invalid_frame', message, path: 'id' };
  }
  if (type === 'hello' && isAbove(text, DEFAULT_LIMITS.helloBytes)) {
    const message = `A hello may have ${DEFAULT_LIMITS.helloBytes} bytes; name further rooms by join.`;
    return { ok: false, code: 'too_large', message, id };
  }
  const path = rule.check(fields);
  if (path !== null) {
    return { ok: false, code: 'invalid_frame', message: `The field ${path} is missing or not of its form.`, path, id };
  }
  const flaw = rule.free ? inspectJson(fields[rule.free], DEFAULT_LIMITS.jsonDepth, rule.free) : null;
  if (flaw) return { ok: false, code: 'invalid_frame', message: MESSAGES[flaw.reason], path: flaw.path, id };
  const { take } = rule;
  const frame = typeof take === 'function' ? take(fields, type, id) : takeFields(fields, take, { type, id });
  return { ok: true, frame: frame as unknown as ClientFrame };
}

function isAbove(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
