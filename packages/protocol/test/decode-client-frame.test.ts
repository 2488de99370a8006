import { describe, expect, test } from 'vitest';
import { decodeClientFrame } from '../src/decode-client-frame.js';
import { clientFrameSchema } from '../src/schemas.js';
import { FLAWS, GOOD, id, long, SECRET } from './client-frames.js';

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

  test.each(Object.values(GOOD))('refuses such a $type without an id of its form', (frame) => {
    for (const badId of [undefined, '', 'with a space', 'x'.repeat(129)]) {
      expect(decodeClientFrame(JSON.stringify({ ...frame, id: badId }))).toMatchObject({ ok: false, path: 'id' });
      expect(isFrame({ ...frame, id: badId })).toBe(false);
    }
  });

  test('refuses hostile data in whatever carries it', () => {
    const hostile = JSON.parse('{"__proto__":1}');
    const { publish, send, request, result, presence } = GOOD;
    for (const frame of [publish, send, request, result]) expect(isFrame({ ...frame, data: hostile })).toBe(false);
    expect(isFrame({ ...presence, state: hostile })).toBe(false);
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
    ['hello of a client without a token', { type: 'hello', id }],
    ['hello for the head of a room', { type: 'hello', id, rooms: [{ room: 'lobby:a' }] }],
    ['send to a connection', { type: 'send', id, to: 'c_1', event: 'typing', data: {} }],
    ['presence in every room', { type: 'presence', id, state: null }],
    ['history from the newest on', { type: 'history', id, room: 'lobby:a' }],
    ['history after a place', { type: 'history', id, room: 'lobby:a', after: 0 }],
    ['result without data', { type: 'result', id, of: 'i0' }],
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
