import { describe, expect, test } from 'vitest';
import { decodeClientFrame } from '../src/decode-client-frame.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { isRoomName } from '../src/room-name.js';

const publish = (data: string) => `{"type":"publish","id":"i1","room":"lobby:a","event":"message","data":${data}}`;
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Processor time, the best of ten: a busy machine says nothing about the work. */
function fastestMs(work: () => void): number {
  const times = Array.from({ length: 10 }, () => {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user / 1_000;
  });
  return Math.min(...times);
}

describe('hostile JSON', () => {
  test.each([
    '{"__proto__":{"polluted":true}}',
    '{"a":[{"b":{"__proto__":null}}]}',
    '{"\\u005f_proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"constructor":{"polluted":true}}',
    '{"a":{"prototype":1}}',
  ])('refuses %s as data and pollutes nothing', (data) => {
    expect(decodeClientFrame(publish(data))).toMatchObject({
      ok: false,
      code: 'invalid_frame',
      path: 'data',
      id: 'i1',
    });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    ['state', '{"type":"presence","id":"i1","state":{"__proto__":{"admin":true}}}'],
    ['data', '{"type":"send","id":"i1","to":"c-1","event":"typing","data":{"__proto__":{"admin":true}}}'],
    ['data', '{"type":"request","id":"i1","action":"echo","data":{"__proto__":{"admin":true}}}'],
    ['data', '{"type":"result","id":"i1","of":"i0","data":{"__proto__":{"admin":true}}}'],
  ])('refuses such a key in the %s of %s', (path, frame) => {
    expect(decodeClientFrame(frame)).toMatchObject({ ok: false, code: 'invalid_frame', path });
  });

  test('takes such a word as a value, a user id or an event name: only keys are dangerous', () => {
    expect(decodeClientFrame(publish('{"word":"__proto__","name":"constructor"}')).ok).toBe(true);
  });

  test.each([
    '{"type":"leave","id":"i1","room":"lobby:a","__proto__":{"admin":true},"constructor":1}',
    '{"type":"join","id":"i1","room":"lobby:a","position":{"epoch":"e","offset":1,"lastId":"x","__proto__":{"admin":true}}}',
    '{"type":"hello","id":"i1","rooms":[{"room":"lobby:a","__proto__":{"admin":true}}]}',
    '{"type":"result","id":"i1","of":"i0","error":{"code":"c","message":"m","__proto__":{"admin":true}}}',
  ])('lets no key of that kind out of %s', (text) => {
    const decoded = decodeClientFrame(text);
    expect(decoded.ok).toBe(true);
    expect(JSON.stringify(decoded)).not.toContain('admin');
    expect(Object.hasOwn(decoded, 'constructor')).toBe(false);
  });

  test('does not take a frame whose fields come by inheritance', () => {
    expect(decodeClientFrame('{"__proto__":{"type":"leave","id":"i1","room":"lobby:a"}}')).toMatchObject({
      ok: false,
      code: 'invalid_frame',
      path: 'type',
    });
  });

  test.each([
    ['{"__proto__":1}', 'The keys __proto__, constructor and prototype are refused.'],
    ['[1e400]', 'A number is outside what JSON can carry.'],
    [nested(DEFAULT_LIMITS.jsonDepth + 1), 'JSON nests too deep.'],
  ])('says why it refuses %s', (data, message) => {
    expect(decodeClientFrame(publish(data))).toMatchObject({ ok: false, message });
  });

  test(`takes data nested ${DEFAULT_LIMITS.jsonDepth} deep and refuses one more`, () => {
    const deepest = (value: string) => publish(nested(DEFAULT_LIMITS.jsonDepth).replace('[]', `[${value}]`));
    for (const value of ['', 'null', '1', '"text"']) expect(decodeClientFrame(deepest(value)).ok).toBe(true);
    expect(decodeClientFrame(deepest('[]'))).toMatchObject({ ok: false, path: 'data' });
  });

  test('bounds the keys of an object, not the entries of a list', () => {
    const list = Array.from({ length: DEFAULT_LIMITS.jsonKeys + 1 }, () => 0);
    expect(decodeClientFrame(publish(JSON.stringify(list))).ok).toBe(true);
  });

  test.each([
    ['data nested 10 000 deep', publish(nested(10_000))],
    ['objects nested 10 000 deep', publish(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)],
    ['1e400', publish('1e400')],
    ['-1e400 in a list', publish('[0,{"a":-1e400}]')],
  ])('refuses %s in less than 50 ms', (_, text) => {
    const elapsedMs = fastestMs(() => {
      expect(decodeClientFrame(text)).toMatchObject({ ok: false, code: 'invalid_frame', path: 'data', id: 'i1' });
    });
    expect(elapsedMs).toBeLessThan(50);
  });

  test.each([
    ['a frame nested 10 000 deep', nested(10_000), 'malformed'],
    ['an unclosed frame nested 500 000 deep', '['.repeat(500_000), 'malformed'],
    [
      'a position nested 10 000 deep',
      `{"type":"join","id":"i1","room":"lobby:a","position":${nested(10_000)}}`,
      'invalid_frame',
    ],
    [
      'an offset of 1e400',
      '{"type":"read","id":"i1","room":"lobby:a","epoch":"e","offset":1e400,"kind":"read"}',
      'invalid_frame',
    ],
    [
      'an id of 1 000 000 characters',
      `{"type":"leave","room":"lobby:a","id":"${'x'.repeat(1_000_000)}"}`,
      'invalid_frame',
    ],
  ])('refuses %s in less than 50 ms', (_, text, code) => {
    const elapsedMs = fastestMs(() => expect(decodeClientFrame(text)).toMatchObject({ ok: false, code }));
    expect(elapsedMs).toBeLessThan(50);
  });

  test('drops an unknown field nested 10 000 deep unread', () => {
    const text = `{"type":"leave","id":"i1","room":"lobby:a","extra":${nested(10_000)}}`;
    expect(decodeClientFrame(text)).toEqual({ ok: true, frame: { type: 'leave', id: 'i1', room: 'lobby:a' } });
  });

  const wide = (count: number) => {
    const keys = Array.from({ length: count }, (_, index) => `"${index.toString(36)}":0`);
    return publish(`{"list":[{${keys.join(',')}}]}`);
  };

  test('refuses as many keys as one message can hold in less than 50 ms beyond what the parser takes', () => {
    const text = wide(125_000);
    expect(text.length).toBeGreaterThan(DEFAULT_LIMITS.messageBytes * 0.95);
    const parserMs = fastestMs(() => JSON.parse(text));
    const elapsedMs = fastestMs(() => {
      expect(decodeClientFrame(text)).toMatchObject({ ok: false, code: 'invalid_frame', path: 'data', id: 'i1' });
    });
    expect(elapsedMs).toBeLessThan(parserMs + 50);
  });

  test(`reads an object of ${DEFAULT_LIMITS.jsonKeys} keys in less than 50 ms and refuses one more`, () => {
    const text = wide(DEFAULT_LIMITS.jsonKeys);
    expect(fastestMs(() => expect(decodeClientFrame(text).ok).toBe(true))).toBeLessThan(50);
    expect(decodeClientFrame(wide(DEFAULT_LIMITS.jsonKeys + 1))).toMatchObject({
      ok: false,
      message: 'An object has too many keys.',
      path: 'data',
    });
  });

  test('keeps lone surrogates and the last of duplicate keys, as JSON.parse does', () => {
    const decoded = decodeClientFrame(publish('{"a":"\\ud800","b":1,"b":2}'));
    expect(decoded).toMatchObject({ ok: true, frame: { data: { a: '\ud800', b: 2 } } });
  });

  test.each([
    'lobby',
    ':a',
    'lobby:',
    'Lobby:a',
    '1obby:a',
    `${'k'.repeat(33)}:a`,
    `lobby:${'x'.repeat(201)}`,
    'lobby:*',
    'lobby:{a}',
    'lobby:a b',
    'lobby:a\r\nb',
    'lobby:a\n',
    'lobby:\u202e',
    'lobby:é',
    'lobby:a%2f',
    'lob-by:a',
    'lobby:a\0',
    '__proto__:a',
  ])('finds the room name %j outside the grammar', (name) => {
    expect(isRoomName(name)).toBe(false);
  });

  test.each([undefined, null, 7, ['lobby:main'], { room: 'lobby:main' }])('finds no room name in %j', (value) => {
    expect(isRoomName(value)).toBe(false);
  });

  test.each([
    'a:b',
    'lobby:main',
    'artifact:co/7',
    'group:a:b:c',
    `${'k'.repeat(32)}:${'x'.repeat(200)}`,
    'user:../x@y.z~-_',
    'lobby:__proto__',
  ])('finds the room name %j inside the grammar', (name) => {
    expect(isRoomName(name)).toBe(true);
  });
});
