import { isIdentifier } from './identifier.js';
import { DEFAULT_LIMITS } from './limits.js';

/** A parsed JSON object before anything is known about it. */
export type Fields = Readonly<Record<string, unknown>>;

/** What one type of client frame carries beside `type` and `id`. */
export interface FrameRule {
  /** The names of the fields that are kept, or what makes the frame of them; any other field is dropped. */
  readonly take: readonly string[] | ((fields: Fields, type: string, id: string) => Fields);
  /** The field that is any JSON: its depth, keys and numbers are the caller's own. */
  readonly free?: 'data' | 'state';
  /** Returns the path of the first field that is missing or not of its form. */
  check(fields: Fields): string | null;
}

/** Characters are Unicode code points, as in JSON Schema and in Zod; a code point is one or two units. */
const isText = (value: unknown, max: number): boolean =>
  typeof value === 'string' &&
  value.length > 0 &&
  (value.length <= max || (value.length <= 2 * max && [...value].length <= max));
const isOptional = (value: unknown, check: (value: unknown) => boolean): boolean => value === undefined || check(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isPositive = (value: unknown): boolean => isCount(value) && value !== 0;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isPresent = (value: unknown): boolean => value !== undefined;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
/** Room names are only bounded here; the server checks the grammar, so that it can answer `invalid_room`. */
const isRoomText = (value: unknown): boolean => isText(value, 512);
const isName = (value: unknown): boolean => isText(value, 128);
const isToken = (value: unknown): boolean => isText(value, 16_384);
const isRoomList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= DEFAULT_LIMITS.roomsPerPublish && value.every(isRoomText);

function isPosition(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { epoch, offset, lastId } = value;
  return isText(epoch, 64) && isCount(offset) && (lastId === '' || isText(lastId, 128));
}

function checkRoomRequest(fields: Fields, prefix: string): string | null {
  if (!isRoomText(fields.room)) return `${prefix}room`;
  if (!isOptional(fields.position, isPosition)) return `${prefix}position`;
  return isOptional(fields.rewind, isCount) ? null : `${prefix}rewind`;
}

function checkRoomRequests(rooms: unknown): string | null {
  if (rooms === undefined) return null;
  if (!Array.isArray(rooms)) return 'rooms';
  for (const [index, room] of rooms.entries()) {
    const flaw = isObject(room) ? checkRoomRequest(room, `rooms.${index}.`) : `rooms.${index}`;
    if (flaw) return flaw;
  }
  return null;
}

function checkError(error: unknown): string | null {
  if (error === undefined) return null;
  if (!isObject(error)) return 'error';
  if (!isName(error.code)) return 'error.code';
  return error.message === '' || isText(error.message, 1_024) ? null : 'error.message';
}

/** The path of a field that is not of its form. */
const need = (path: string, ok: boolean): string | null => (ok ? null : path);

/** Every client frame but `pong`, which has nothing to check (PROTOCOL.md, "Client frames"). */
export const FRAME_RULES: ReadonlyMap<string, FrameRule> = new Map<string, FrameRule>([
  [
    'hello',
    {
      take: ['token', 'session', 'contractId', 'batch', 'rooms'],
      check: (f) =>
        need('token', isOptional(f.token, isToken)) ??
        need(
          'session',
          isOptional(f.session, (value) => isText(value, 512)),
        ) ??
        need('contractId', isOptional(f.contractId, isName)) ??
        need('batch', isOptional(f.batch, isBoolean)) ??
        checkRoomRequests(f.rooms),
    },
  ],
  ['refresh', { take: ['token'], check: (f) => need('token', isToken(f.token)) }],
  ['join', { take: ['room', 'position', 'rewind'], check: (f) => checkRoomRequest(f, '') }],
  ['leave', { take: ['room'], check: (f) => need('room', isRoomText(f.room)) }],
  [
    'publish',
    {
      // Here and in a request, which arrive most: naming each field once is faster than a loop over names.
      take: ({ room, event, data }, type, id) => ({ type, id, room, event, data }),
      free: 'data',
      check: (f) =>
        need('room', isRoomText(f.room) || isRoomList(f.room)) ??
        need('event', isName(f.event)) ??
        need('data', isPresent(f.data)),
    },
  ],
  ['skip', { take: ['room', 'of'], check: (f) => need('room', isRoomText(f.room)) ?? need('of', isIdentifier(f.of)) }],
  [
    'send',
    {
      take: ['to', 'room', 'event', 'data'],
      free: 'data',
      check: (f) =>
        need('to', isName(f.to)) ??
        need('room', isOptional(f.room, isRoomText)) ??
        need('event', isName(f.event)) ??
        need('data', isPresent(f.data)),
    },
  ],
  [
    'request',
    {
      take: ({ action, data, timeoutMs }, type, id) =>
        timeoutMs === undefined ? { type, id, action, data } : { type, id, action, data, timeoutMs },
      free: 'data',
      check: (f) =>
        need('action', isName(f.action)) ??
        need('data', isPresent(f.data)) ??
        need('timeoutMs', isOptional(f.timeoutMs, isPositive)),
    },
  ],
  ['cancel', { take: ['of'], check: (f) => need('of', isIdentifier(f.of)) }],
  [
    'result',
    {
      take: ['of', 'data', 'error'],
      free: 'data',
      check: (f) => need('of', isIdentifier(f.of)) ?? checkError(f.error),
    },
  ],
  [
    'presence',
    {
      take: ['room', 'state'],
      free: 'state',
      check: (f) => need('room', isOptional(f.room, isRoomText)) ?? need('state', isPresent(f.state)),
    },
  ],
  [
    'read',
    {
      take: ['room', 'epoch', 'offset', 'kind'],
      check: (f) =>
        need('room', isRoomText(f.room)) ??
        need('epoch', isText(f.epoch, 64)) ??
        need('offset', isCount(f.offset)) ??
        need('kind', f.kind === 'delivered' || f.kind === 'read'),
    },
  ],
  [
    'receipts',
    {
      take: ['room', 'offset'],
      check: (f) => need('room', isRoomText(f.room)) ?? need('offset', isCount(f.offset)),
    },
  ],
  [
    'history',
    {
      take: ['room', 'before', 'after', 'limit'],
      check: (f) =>
        need('room', isRoomText(f.room)) ??
        need('before', isOptional(f.before, isCount)) ??
        need('after', isOptional(f.after, isCount) && (f.after === undefined || f.before === undefined)) ??
        need('limit', isOptional(f.limit, isPositive)),
    },
  ],
]);

/** Parts of a frame that are objects of the protocol's own. */
const NESTED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  error: ['code', 'message'],
  position: ['epoch', 'offset', 'lastId'],
  rooms: ['room', 'position', 'rewind'],
};

/** Copies the named fields of a checked object and of its parts, so that a key nobody named reaches no further. */
export function takeFields(
  source: Fields,
  names: readonly string[],
  taken: Record<string, unknown> = {},
): Record<string, unknown> {
  for (const name of names) {
    const value = source[name];
    if (value === undefined) continue;
    const inner = NESTED_FIELDS[name];
    if (inner === undefined) taken[name] = value;
    else if (Array.isArray(value)) taken[name] = value.map((item: Fields) => takeFields(item, inner));
    else taken[name] = takeFields(value as Fields, inner);
  }
  return taken;
}
