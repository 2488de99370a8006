import { describe, expect, test } from 'vitest';
import { decodeClientFrame } from '../src/decode-client-frame.js';
import { clientFrameSchema } from '../src/schemas.js';

const SECRET = 'S3CRET';
const id = 'i1';
/** A frame of each type that is accepted; the cases below break one field of one of them. */
const GOOD = {
  hello: {
    type: 'hello',
    id,
    token: 't',
    session: 's',
    contractId: 'c',
    batch: true,
    rooms: [{ room: 'lobby:a', rewind: 0 }],
  },
  refresh: { type: 'refresh', id, token: 't' },
  join: { type: 'join', id, room: 'lobby:a', position: { epoch: 'e', offset: 0, lastId: '' }, rewind: 5 },
  leave: { type: 'leave', id, room: 'lobby:a' },
  publish: { type: 'publish', id, room: 'lobby:a', event: 'message', data: null },
  skip: { type: 'skip', id, room: 'lobby:a', of: 'i0' },
  send: { type: 'send', id, to: 'c_1', room: 'lobby:a', event: 'typing', data: {} },
  request: { type: 'request', id, action: 'echo', data: {}, timeoutMs: 1 },
  cancel: { type: 'cancel', id, of: 'i0' },
  result: { type: 'result', id, of: 'i0', error: { code: 'no', message: '' } },
  presence: { type: 'presence', id, room: 'lobby:a', state: null },
  read: { type: 'read', id, room: 'lobby:a', epoch: 'e', offset: 0, kind: 'read' },
  receipts: { type: 'receipts', id, room: 'lobby:a', offset: 0 },
  history: { type: 'history', id, room: 'lobby:a', before: 9, limit: 1 },
} as const;

type Flaw = readonly [type: keyof typeof GOOD, change: Record<string, unknown>, path: string];
const long = (length: number) => SECRET.padEnd(length, 'x');
const FLAWS: readonly Flaw[] = [
  ['hello', { token: '' }, 'token'],
  ['hello', { token: null }, 'token'],
  ['hello', { token: long(16_385) }, 'token'],
  ['hello', { session: long(513) }, 'session'],
  ['hello', { session: '' }, 'session'],
  ['hello', { contractId: '' }, 'contractId'],
  ['hello', { contractId: long(129) }, 'contractId'],
  ['hello', { batch: SECRET }, 'batch'],
  ['hello', { batch: null }, 'batch'],
  ['hello', { rooms: SECRET }, 'rooms'],
  ['hello', { rooms: [SECRET] }, 'rooms.0'],
  ['hello', { rooms: [{ room: 'lobby:a' }, { room: 7 }] }, 'rooms.1.room'],
  ['hello', { rooms: [{ room: 'lobby:a', position: SECRET }] }, 'rooms.0.position'],
  ['hello', { rooms: [{ room: 'lobby:a', rewind: -1 }] }, 'rooms.0.rewind'],
  ['refresh', { token: undefined }, 'token'],
  ['refresh', { token: '' }, 'token'],
  ['refresh', { token: long(16_385) }, 'token'],
  ['join', { room: undefined }, 'room'],
  ['join', { room: long(513) }, 'room'],
  ['join', { room: ['lobby:a'] }, 'room'],
  ['join', { position: { epoch: SECRET, offset: -1, lastId: '' } }, 'position'],
  ['join', { position: { epoch: SECRET, offset: 2 ** 63, lastId: '' } }, 'position'],
  ['join', { position: { epoch: SECRET, offset: 0.5, lastId: '' } }, 'position'],
  ['join', { position: { epoch: SECRET, offset: '1', lastId: '' } }, 'position'],
  ['join', { position: { epoch: SECRET, offset: null, lastId: '' } }, 'position'],
  ['join', { position: { epoch: '', offset: 1, lastId: '' } }, 'position'],
  ['join', { position: { epoch: long(65), offset: 1, lastId: '' } }, 'position'],
  ['join', { position: { epoch: 'e', offset: 1, lastId: long(129) } }, 'position'],
  ['join', { position: { epoch: 'e', offset: 1 } }, 'position'],
  ['join', { position: null }, 'position'],
  ['join', { rewind: 1.5 }, 'rewind'],
  ['leave', { room: '' }, 'room'],
  ['publish', { room: undefined }, 'room'],
  ['publish', { room: [] }, 'room'],
  ['publish', { room: Array.from({ length: 21 }, () => 'lobby:a') }, 'room'],
  ['publish', { room: ['lobby:a', 7] }, 'room'],
  ['publish', { room: { name: SECRET } }, 'room'],
  ['publish', { event: undefined }, 'event'],
  ['publish', { event: '' }, 'event'],
  ['publish', { event: long(129) }, 'event'],
  ['publish', { data: undefined }, 'data'],
  ['skip', { of: undefined }, 'of'],
  ['skip', { of: `${SECRET} with a space` }, 'of'],
  ['skip', { room: 1 }, 'room'],
  ['send', { to: undefined }, 'to'],
  ['send', { to: '' }, 'to'],
  ['send', { to: long(129) }, 'to'],
  ['send', { event: '' }, 'event'],
  ['send', { event: long(129) }, 'event'],
  ['send', { room: 1 }, 'room'],
  ['send', { event: 1 }, 'event'],
  ['send', { data: undefined }, 'data'],
  ['request', { action: '' }, 'action'],
  ['request', { action: long(129) }, 'action'],
  ['request', { data: undefined }, 'data'],
  ['request', { timeoutMs: 0 }, 'timeoutMs'],
  ['request', { timeoutMs: SECRET }, 'timeoutMs'],
  ['cancel', { of: long(129) }, 'of'],
  ['result', { of: undefined }, 'of'],
  ['result', { error: SECRET }, 'error'],
  ['result', { error: { code: 7, message: SECRET } }, 'error.code'],
  ['result', { error: { code: '', message: SECRET } }, 'error.code'],
  ['result', { error: { code: long(129), message: SECRET } }, 'error.code'],
  ['result', { error: { code: 'no' } }, 'error.message'],
  ['result', { error: { code: 'no', message: long(1_025) } }, 'error.message'],
  ['presence', { state: undefined }, 'state'],
  ['presence', { room: 7 }, 'room'],
  ['read', { room: 7 }, 'room'],
  ['read', { epoch: 7 }, 'epoch'],
  ['read', { epoch: '' }, 'epoch'],
  ['read', { epoch: long(65) }, 'epoch'],
  ['read', { offset: -1 }, 'offset'],
  ['read', { kind: SECRET }, 'kind'],
  ['receipts', { room: 7 }, 'room'],
  ['receipts', { offset: undefined }, 'offset'],
  ['receipts', { offset: -1 }, 'offset'],
  ['history', { room: 7 }, 'room'],
  ['history', { before: -1 }, 'before'],
  ['history', { before: undefined, after: -1 }, 'after'],
  ['history', { before: 1, after: 1 }, 'after'],
  ['history', { limit: 0 }, 'limit'],
];

/** Of the schema, for what is sent. */
const isFrame = (frame: object): boolean => clientFrameSchema.safeParse(JSON.parse(JSON.stringify(frame))).success;

describe('decodeClientFrame, and the schema with it,', () => {
  test.each(Object.entries(GOOD))('accepts a %s as it is', (_, frame) => {
    expect(isFrame(frame)).toBe(true);
    expect(decodeClientFrame(JSON.stringify(frame))).toEqual({ ok: true, frame });
  });

  test('accepts a pong, which has no id, and keeps nothing else of it', () => {
    expect(decodeClientFrame('{"type":"pong","id":7,"data":1}')).toEqual({ ok: true, frame: { type: 'pong' } });
  });

  test.each(FLAWS)('refuses a %s with %j and names %s', (type, change, path) => {
    const decoded = decodeClientFrame(JSON.stringify({ ...GOOD[type], ...change }));
    const message = `The field ${path} is missing or not of its form.`;
    expect(decoded).toEqual({ ok: false, code: 'invalid_frame', message, path, id });
    expect(isFrame({ ...GOOD[type], ...change })).toBe(false);
    expect(JSON.stringify(decoded)).not.toContain(SECRET);
  });

  test.each([
    ['', 'malformed'],
    ['{', 'malformed'],
    [`${SECRET}`, 'malformed'],
    ['{"type":"pong"}{"type":"pong"}', 'malformed'],
    ['{"type":"pong",}', 'malformed'],
    ['null', 'malformed'],
    ['7', 'malformed'],
    [`"${SECRET}"`, 'malformed'],
    ['[{"type":"pong"}]', 'malformed'],
  ])('refuses %j as %s, without an id', (text, code) => {
    const decoded = decodeClientFrame(text);
    expect(decoded).toEqual({ ok: false, code, message: expect.any(String) });
    expect(JSON.stringify(decoded)).not.toContain(SECRET);
  });

  test.each([['welcome'], ['Publish'], [''], ['__proto__'], ['constructor'], ['toString'], [SECRET]])(
    'refuses the unknown type %j and gives its id back',
    (type) => {
      const decoded = decodeClientFrame(JSON.stringify({ type, id }));
      expect(decoded).toEqual({
        ok: false,
        code: 'unknown_frame',
        message: 'This frame type is not known.',
        path: 'type',
        id,
      });
      expect(JSON.stringify(decoded)).not.toContain(SECRET);
    },
  );

  test.each([[undefined], [null], [7], [['join']], [{ join: 1 }]])('refuses %j as a type', (type) => {
    const decoded = decodeClientFrame(JSON.stringify({ type, id }));
    expect(decoded).toEqual({ ok: false, code: 'invalid_frame', message: 'A frame needs a type.', path: 'type', id });
  });

  test.each([
    ['absent', undefined],
    ['a number', 7],
    ['empty', ''],
    ['of 129 characters', SECRET.padEnd(129, 'x')],
    ['with a space', `${SECRET} x`],
    ['with a line end', `${SECRET}\n`],
    ['not ASCII', `${SECRET}é`],
    ['null', null],
  ])('refuses an id that is %s, and does not give it back', (_, badId) => {
    const decoded = decodeClientFrame(JSON.stringify({ ...GOOD.leave, id: badId }));
    expect(decoded).toEqual({ ok: false, code: 'invalid_frame', path: 'id', message: expect.any(String) });
    expect(JSON.stringify(decoded)).not.toContain(SECRET);
  });

  test.each([['nope'], [undefined], [7]])('does not give an id back that is none with the type %j', (type) => {
    for (const badId of [7, '', `${SECRET} x`, { id }]) {
      const decoded = decodeClientFrame(JSON.stringify({ type, id: badId }));
      expect(decoded).toMatchObject({ ok: false, path: 'type' });
      expect(decoded).not.toHaveProperty('id');
    }
  });

  test('accepts an id of 128 printable characters', () => {
    expect(decodeClientFrame(JSON.stringify({ ...GOOD.leave, id: '!'.repeat(127).concat('~') })).ok).toBe(true);
  });

  test('counts characters, not UTF-16 units', () => {
    expect(decodeClientFrame(JSON.stringify({ ...GOOD.publish, event: '😀'.repeat(128) })).ok).toBe(true);
    expect(decodeClientFrame(JSON.stringify({ ...GOOD.publish, event: '😀'.repeat(129) })).ok).toBe(false);
  });

  test.each([
    ['publish to 20 rooms', { ...GOOD.publish, room: Array.from({ length: 20 }, (_, n) => `lobby:${n}`) }],
    ['read of what was delivered', { ...GOOD.read, kind: 'delivered' }],
    ['request without a deadline', { type: 'request', id, action: 'echo', data: {} }],
    ['result with data', { type: 'result', id, of: 'i0', data: [1] }],
    ['token of 16 384 characters', { ...GOOD.refresh, token: long(16_384) }],
    ['session of 512 characters', { ...GOOD.hello, session: long(512) }],
    ['contract of 128 characters', { ...GOOD.hello, contractId: long(128) }],
    [
      'position of the longest epoch and id',
      { ...GOOD.join, position: { epoch: long(64), offset: 1, lastId: long(128) } },
    ],
    ['result with the longest error', { ...GOOD.result, error: { code: long(128), message: long(1_024) } }],
    ['send to the longest id', { ...GOOD.send, to: long(128), event: long(128) }],
    ['request for the longest action', { ...GOOD.request, action: long(128) }],
    ['read in the longest epoch', { ...GOOD.read, epoch: long(64) }],
  ])('accepts a %s', (_, frame) => {
    expect(isFrame(frame)).toBe(true);
    expect(decodeClientFrame(JSON.stringify(frame))).toEqual({ ok: true, frame });
  });

  test('leaves the grammar of rooms to the server, so that it can answer invalid_room', () => {
    expect(decodeClientFrame(JSON.stringify({ ...GOOD.leave, room: 'x'.repeat(512) })).ok).toBe(true);
    expect(decodeClientFrame(JSON.stringify({ ...GOOD.join, room: '../etc\r\n*' })).ok).toBe(true);
  });

  test('drops fields that the frame does not name', () => {
    const text = JSON.stringify({ ...GOOD.join, from: 'root', position: { ...GOOD.join.position, admin: true } });
    expect(decodeClientFrame(text)).toEqual({ ok: true, frame: GOOD.join });
    for (const frame of Object.values(GOOD))
      expect(decodeClientFrame(JSON.stringify({ ...frame, from: 'root' }))).toEqual({ ok: true, frame });
  });

  test('takes a hello of 65 536 bytes and refuses one byte more as too_large', () => {
    const hello = (bytes: number) => {
      const frame = JSON.stringify({ ...GOOD.hello, padding: '' });
      return frame.replace(
        '"padding":""',
        `"padding":"${'é'.repeat(20_000)}${'x'.repeat(bytes - frame.length - 40_000)}"`,
      );
    };
    expect(Buffer.byteLength(hello(65_536))).toBe(65_536);
    expect(decodeClientFrame(hello(65_536)).ok).toBe(true);
    const message = expect.stringContaining('65536 bytes');
    expect(decodeClientFrame(hello(65_537))).toMatchObject({ ok: false, code: 'too_large', message, id });
    expect(decodeClientFrame(hello(90_000))).toMatchObject({ ok: false, code: 'too_large', id });
  });
});
