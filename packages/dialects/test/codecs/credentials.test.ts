import { TrunklineError } from '@trunkline/protocol';
import type { Codec, RequestHead } from '@trunkline/server';
import { describe, expect, test } from 'vitest';
import { bookingCodec } from '../../src/booking/index.js';
import { falconCodec } from '../../src/falcon/index.js';
import { secureconnectCodec } from '../../src/secureconnect/index.js';
import { shipvoxCodec } from '../../src/shipvox/index.js';
import { CONVERSATION, head } from '../support/codecs.js';

describe('credentials', () => {
  const token = (codec: Codec, from: RequestHead) => codec.greet(from)?.credentials.token;
  test.each([
    ['shipvox, query', token(shipvoxCodec(), head('token=t')), 't'],
    ['shipvox, none', token(shipvoxCodec(), head()), undefined],
    ['booking, query', token(bookingCodec, head('token=t')), 't'],
    [
      'booking, subprotocol before query',
      token(bookingCodec, head('token=q', {}, ['booking', 'trunkline.bearer.t'])),
      't',
    ],
    [
      'secureconnect, header before query',
      token(secureconnectCodec, head(`conversation_id=${CONVERSATION}&access_token=q`, { authorization: 'Bearer t' })),
      't',
    ],
    ['secureconnect, query', token(secureconnectCodec, head(`conversation_id=${CONVERSATION}&access_token=q`)), 'q'],
    [
      'falcon, header before cookie',
      token(falconCodec, head('', { authorization: 'bearer t', cookie: 'falcon_auth_token=c' })),
      't',
    ],
    ['falcon, cookie among others', token(falconCodec, head('', { cookie: 'a=b; falcon_auth_token="c"; d' })), 'c'],
    [
      'falcon, a cookie that only looks like it',
      token(falconCodec, head('', { cookie: 'xfalcon_auth_token=c; falcon_auth_token2=d' })),
      undefined,
    ],
    [
      'falcon, an empty cookie, as of who logged out',
      token(falconCodec, head('', { cookie: 'falcon_auth_token=' })),
      undefined,
    ],
    [
      'falcon, a word without a value before the cookie',
      token(falconCodec, head('', { cookie: 'falcon_auth_tokens; falcon_auth_token = c ;a=b' })),
      'c',
    ],
  ])('%s', (_, found, expected) => expect(found).toBe(expected));

  test('a cookie is marked as one and brings its origin', () => {
    const { credentials } = falconCodec.greet(head('', { cookie: 'falcon_auth_token=c', origin: 'https://a' })) ?? {};
    expect(credentials).toEqual({ address: '192.0.2.1', token: 'c', fromCookie: true, origin: 'https://a' });
  });

  test('secureconnect asks for the conversation of the URL', () => {
    expect(secureconnectCodec.greet(head(`conversation_id=${CONVERSATION}`))?.rooms).toEqual([
      `conversation:${CONVERSATION}`,
    ]);
    for (const query of ['', 'conversation_id=1']) {
      expect(() => secureconnectCodec.greet(head(query))).toThrow(TrunklineError);
    }
  });
});
