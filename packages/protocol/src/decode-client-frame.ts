import type { ErrorCode } from './error-codes.js';
import type { ClientFrame } from './frames.js';
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

type Fields = Record<string, unknown>;
/** Checks one frame type's own fields; returns the path of the offending one. */
type Check = (fields: Fields) => string | null;

const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= max;
const isOptional = (value: unknown, check: (value: unknown) => boolean): boolean => value === undefined || check(value);
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
/** Room names are only bounded here; the server checks the grammar, so that it can answer `invalid_room`. */
const isRoomText = (value: unknown): boolean => isText(value, 512);

function checkPosition(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, offset, lastId } = value as Fields;
  return isText(epoch, 64) && isCount(offset) && typeof lastId === 'string' && lastId.length <= 128;
}

function checkRoomRequest(fields: Fields, prefix: string): string | null {
  if (!isRoomText(fields.room)) return `${prefix}room`;
  if (!isOptional(fields.position, checkPosition)) return `${prefix}position`;
  if (!isOptional(fields.rewind, isCount)) return `${prefix}rewind`;
  return null;
}

const CHECKS = new Map<string, Check>([
  [
    'hello',
    (f) => {
      if (!isOptional(f.token, (v) => isText(v, 16_384))) return 'token';
      if (!isOptional(f.session, (v) => isText(v, 512))) return 'session';
      if (!isOptional(f.contractId, (v) => isText(v, 128))) return 'contractId';
      if (f.rooms === undefined) return null;
      if (!Array.isArray(f.rooms)) return 'rooms';
      for (let index = 0; index < f.rooms.length; index++) {
        const room: unknown = f.rooms[index];
        if (typeof room !== 'object' || room === null) return `rooms.${index}`;
        const flaw = checkRoomRequest(room as Fields, `rooms.${index}.`);
        if (flaw) return flaw;
      }
      return null;
    },
  ],
  ['refresh', (f) => (isText(f.token, 16_384) ? null : 'token')],
  ['join', (f) => checkRoomRequest(f, '')],
  ['leave', (f) => (isRoomText(f.room) ? null : 'room')],
  [
    'publish',
    (f) => {
      const rooms = f.room;
      const roomOk = Array.isArray(rooms)
        ? rooms.length > 0 && rooms.length <= DEFAULT_LIMITS.roomsPerPublish && rooms.every(isRoomText)
        : isRoomText(rooms);
      if (!roomOk) return 'room';
      return isText(f.event, 128) ? null : 'event';
    },
  ],
  ['skip', (f) => (isRoomText(f.room) ? (isIdentifier(f.of) ? null : 'of') : 'room')],
  [
    'send',
    (f) => {
      if (!isText(f.to, 128)) return 'to';
      if (!isOptional(f.room, isRoomText)) return 'room';
      return isText(f.event, 128) ? null : 'event';
    },
  ],
  [
    'request',
    (f) => {
      if (!isText(f.action, 128)) return 'action';
      return isOptional(f.timeoutMs, (v) => isCount(v) && (v as number) > 0) ? null : 'timeoutMs';
    },
  ],
  ['cancel', (f) => (isIdentifier(f.of) ? null : 'of')],
  [
    'result',
    (f) => {
      if (!isIdentifier(f.of)) return 'of';
      if (f.error === undefined) return null;
      if (typeof f.error !== 'object' || f.error === null) return 'error';
      const { code, message } = f.error as Fields;
      if (!isText(code, 128)) return 'error.code';
      return typeof message === 'string' && message.length <= 1_024 ? null : 'error.message';
    },
  ],
  ['presence', (f) => (isOptional(f.room, isRoomText) ? ('state' in f ? null : 'state') : 'room')],
  [
    'read',
    (f) => {
      if (!isRoomText(f.room)) return 'room';
      if (!isText(f.epoch, 64)) return 'epoch';
      if (!isCount(f.offset)) return 'offset';
      return f.kind === 'delivered' || f.kind === 'read' ? null : 'kind';
    },
  ],
  [
    'history',
    (f) => {
      if (!isRoomText(f.room)) return 'room';
      if (!isOptional(f.before, isCount)) return 'before';
      if (!isOptional(f.after, isCount) || (f.after !== undefined && f.before !== undefined)) return 'after';
      return isOptional(f.limit, (v) => isCount(v) && (v as number) > 0) ? null : 'limit';
    },
  ],
]);

/** A frame's free part: the only one whose depth, keys and numbers are the caller's own. */
const FREE_PART: Readonly<Record<string, string>> = { publish: 'data', send: 'data', request: 'data', result: 'data', presence: 'state' };

/**
 * Reads one text frame of a client (PROTOCOL.md, "Client frames"). Never throws; unknown fields are ignored and kept,
 * the offending field is named and its value never echoed.
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
  const fields = value as Fields;
  const { type, id } = fields;
  if (type === 'pong') return { ok: true, frame: { type: 'pong' } };
  const known = isIdentifier(id) ? { id } : {};
  const check = typeof type === 'string' ? CHECKS.get(type) : undefined;
  if (check === undefined) {
    return typeof type === 'string'
      ? { ok: false, code: 'unknown_frame', message: 'This frame type is not known.', path: 'type', ...known }
      : { ok: false, code: 'invalid_frame', message: 'A frame needs a type.', path: 'type', ...known };
  }
  if (!isIdentifier(id)) return { ok: false, code: 'invalid_frame', message: 'A frame needs an id of 1-128 printable ASCII characters.', path: 'id' };
  const path = check(fields);
  if (path !== null) return { ok: false, code: 'invalid_frame', message: `The field ${path} is missing or not of its form.`, path, id };
  const free = FREE_PART[type as string];
  if (free !== undefined) {
    const flaw = inspectJson(fields[free], DEFAULT_LIMITS.jsonDepth, free);
    if (flaw) return { ok: false, code: 'invalid_frame', message: FLAW_MESSAGES[flaw.reason], path: flaw.path, id };
  }
  return { ok: true, frame: value as ClientFrame };
}

const FLAW_MESSAGES = {
  too_deep: `JSON may nest ${DEFAULT_LIMITS.jsonDepth} deep.`,
  forbidden_key: 'The keys __proto__, constructor and prototype are refused.',
  not_finite: 'A number is outside what JSON can carry.',
} as const;
