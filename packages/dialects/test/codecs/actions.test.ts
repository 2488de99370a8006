import { TrunklineError } from '@trunkline/protocol';
import { describe, expect, test } from 'vitest';
import { askedOf, readHandshake, readRequest, roomsOf, wordRefusal } from '../../src/actions/codec.js';
import { actionsEncoder } from '../../src/actions/index.js';
import { event } from '../support/codecs.js';

describe('actions', () => {
  const principal = (companyId?: string, sessionId?: string) => ({
    userId: 'alice',
    roles: [],
    rooms: [],
    claims: {},
    expiresAt: null,
    ...(companyId === undefined ? {} : { companyId }),
    ...(sessionId === undefined ? {} : { sessionId }),
  });
  const handshake = { token: 't', sessionId: 's' };

  test('reads v4 and v2 handshakes', () => {
    expect(readHandshake({ token: 't' }, { sessionId: 's' })).toEqual(handshake);
    expect(readHandshake({}, { sessionId: 's', token: 't', artifactId: 'a' })).toEqual({
      ...handshake,
      artifactId: 'a',
    });
    for (const query of [{}, { sessionId: ['a', 'b'] }, { sessionId: '' }])
      expect(() => readHandshake({ token: 't' }, query)).toThrow('sessionId');
  });

  test.each([
    ['no company', principal(), handshake, []],
    ['company', principal('acme'), handshake, ['company:acme']],
    ['artifact', principal('acme', 's'), { ...handshake, artifactId: 'a/b' }, ['company:acme', 'artifact:acme/a/b']],
    ['a company that would reach another’s rooms', principal('acme/a'), { ...handshake, artifactId: 'b' }, []],
    ['a company whose id can name no room', principal('acme inc.'), handshake, []],
  ])('rooms: %s', (_, who, what, rooms) => expect(roomsOf(who, what)).toEqual(rooms));

  test('the id of a request is the socket’s and the whole request’s', () => {
    const id = (socket: string, requestId: string, data: unknown) =>
      askedOf({ requestId, action: 'a', data }, socket, handshake).command.id;
    expect(id('s1', 'r', { n: 1 })).toBe(id('s1', 'r', { n: 1 }));
    expect(new Set([id('s1', 'r', 1), id('s1', 'r', 2), id('s1', 'r2', 1), id('s2', 'r', 1)]).size).toBe(4);
    expect(id('s1', 'x'.repeat(200), 1)).toMatch(/^[\x21-\x7e]{1,128}$/);
  });

  test('reads objects and text alike', () => {
    const message = { type: 'REQUEST', requestId: 'r', action: 'a' };
    expect(readRequest(message)).toEqual(readRequest(JSON.stringify(message)));
    for (const unreadable of [undefined, null, 7, [], Buffer.from('{}'), { type: 'RESPONSE' }])
      expect(readRequest(unreadable).ok).toBe(false);
  });

  test('words codes of ours in capitals and a backend’s as they are', () => {
    expect(wordRefusal(new TrunklineError('rate_limited', 'm', { retryAfterMs: 5 }))).toEqual({
      code: 'RATE_LIMITED',
      message: 'm',
      retryAfterMs: 5,
    });
    expect(wordRefusal(new TrunklineError('out_of_stock', 'm'))).toEqual({ code: 'out_of_stock', message: 'm' });
  });

  test.each([undefined, '', 7])('an update with requestId %o gets the event’s id', (requestId) => {
    const frame = actionsEncoder.encode(event('company:acme', 'update', { action: 'x', requestId, data: 1 }));
    expect(frame).toEqual({ type: 'message', message: { type: 'UPDATE', requestId: 'e-1', action: 'x', data: 1 } });
  });
});
