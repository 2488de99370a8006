import { TrunklineError } from '@trunkline/protocol';
import type { Notice, Reply } from '@trunkline/server';
import { describe, expect, test } from 'vitest';
import { falconCodec, serverMessageSchema as falconMessages } from '../../src/falcon/index.js';
import { shipvoxCodec, serverMessageSchema as shipvoxMessages } from '../../src/shipvox/index.js';
import { decode, direct, event, head } from '../support/codecs.js';

describe('shipvox, per connection', () => {
  const open = () => {
    const conversation = shipvoxCodec().open(head());
    conversation.opened?.('c-9', 'alice', () => {});
    const result = (requestId: string, type = 'client_tool_result') =>
      conversation.decode(JSON.stringify({ type, payload: 1, timestamp: 1, requestId }))[0]?.command;
    return { hear: (notice: Notice) => conversation.encoder?.encode(notice), result };
  };
  const call = (id: string): Notice => ({ type: 'call', id, method: 'client_tool_call', data: {} });

  test('a result settles a call that this connection was asked, once, and is relayed otherwise', () => {
    const { hear, result } = open();
    for (const notice of [call('k-1'), call('k-2'), { type: 'call_cancelled', of: 'k-2' } as const]) hear(notice);
    hear(event('shipvox:all', 'message', { type: 'test', payload: 1, requestId: 'r' }));
    expect(result('k-1', 'quote_ready')?.type).toBe('publish');
    expect(result('k-1')).toMatchObject({ type: 'result', of: 'k-1', data: 1 });
    for (const requestId of ['k-1', 'k-2', 'e-1', 'r']) expect(result(requestId)?.type, requestId).toBe('publish');
  });

  test.each(['{', '{"type":"x"}', '{"type":"test","requestId":""}', '{"type":"test","requestId":7}'])(
    'a refusal of %s, which has no request id to repeat, has one of its own',
    (text) => {
      const conversation = shipvoxCodec().open(head());
      const [decoded] = conversation.decode(text);
      const error = new TrunklineError('invalid_frame', 'm');
      const said = decoded === undefined ? [] : conversation.reply({ type: 'error', error }, decoded);
      expect(said.map((one) => shipvoxMessages.parse(JSON.parse(one)))).toMatchObject([{ type: 'error' }]);
    },
  );

  test('remembers 1 000 calls that wait', () => {
    const { hear, result } = open();
    for (let n = 0; n <= 1_000; n++) hear(call(`k-${n}`));
    expect(['k-0', 'k-999', 'k-1000'].map((id) => result(id)?.type)).toEqual(['result', 'result', 'publish']);
  });
});

describe('falcon, per connection', () => {
  const open = () => {
    const conversation = falconCodec.open(head());
    conversation.opened?.('c-9', 'alice', () => {});
    const decode = (frame: object) => conversation.decode(JSON.stringify(frame))[0];
    const encode = (notice: Notice) => JSON.parse(conversation.encoder?.encode(notice) ?? 'null');
    const calls = (room: string) => encode(event(room, 'message', {})).room;
    const answer = (reply: Reply, frame: object) => {
      const decoded = decode(frame);
      return decoded === undefined ? [] : conversation.reply(reply, decoded).map((text) => JSON.parse(text));
    };
    return { answer, calls, decode, encode };
  };
  const refused: Reply = { type: 'error', error: new TrunklineError('forbidden', 'm') };

  test('calls a lobby as the client called it last', () => {
    const { calls, decode } = open();
    expect(calls('lobby:x')).toBe('x');
    decode({ type: 'message', room: 'lobby:x', data: {} });
    expect(calls('lobby:x')).toBe('lobby:x');
    expect(calls('lobby:y')).toBe('y');
    decode({ type: 'message', room: 'x', data: {} });
    expect(calls('lobby:x')).toBe('x');
  });

  test('remembers the full names of 200 lobbies, and counts none of other rooms', () => {
    const { calls, decode } = open();
    for (let n = 0; n < 200; n++) decode({ type: 'message', room: `group:${n}`, data: {} });
    for (let n = 0; n <= 200; n++) decode({ type: 'message', room: `lobby:${n}`, data: {} });
    expect([0, 199, 200].map((n) => calls(`lobby:${n}`))).toEqual(['lobby:0', 'lobby:199', '200']);
  });

  test('a direct message is to this connection, and what has no word stays unsaid', () => {
    const { encode } = open();
    expect(encode(direct('message'))).toMatchObject({ type: 'message', to: 'c-9' });
    expect(encode(direct('typing'))).toBe(null);
    expect(encode(event('lobby:general', 'message', {}))).not.toHaveProperty('to');
  });

  test('answers nothing but heartbeats, leaves and refusals', () => {
    const { answer } = open();
    const message = { type: 'message', room: 'general', data: {}, id: '7' };
    expect(answer({ type: 'ack', eventId: 'e-1', rooms: [] }, message)).toEqual([]);
    expect(answer({ type: 'done' }, { type: 'presence', data: { status: 'away' } })).toEqual([]);
    expect(answer({ type: 'done' }, { type: 'heartbeat', id: '7' })).toMatchObject([{ type: 'heartbeat', id: '7' }]);
    expect(answer(refused, message)).toMatchObject([{ type: 'error', room: 'general', id: '7' }]);
  });

  test.each([
    ['longer than a message may have', { id: 'x'.repeat(201), room: 'x'.repeat(513) }],
    ['that are no strings', { id: 7, room: ['x'] }],
  ])('a refusal does not repeat an id and a room %s', (_, fields) => {
    const [error] = open().answer(refused, { type: 'message', data: {}, ...fields });
    expect(falconMessages.parse(error)).not.toHaveProperty('id');
    expect(error).not.toHaveProperty('room');
    expect(open().answer(refused, { type: 'message', data: {}, id: 'x'.repeat(200), room: 'x'.repeat(512) })).toEqual([
      expect.objectContaining({ id: 'x'.repeat(200), room: 'x'.repeat(512) }),
    ]);
  });

  test.each([
    ['room', { type: 'message', data: {} }],
    ['room', { type: 'message', room: '', data: {} }],
    ['room', { type: 'message', room: 'x'.repeat(513), data: {} }],
    ['to', { type: 'custom_event', to: '', data: {} }],
    ['to', { type: 'custom_event', to: 'x'.repeat(129), data: {} }],
    ['id', { type: 'heartbeat', id: 'x'.repeat(201) }],
    ['data.status', { type: 'presence', data: { status: '' } }],
    ['data.status', { type: 'presence', data: { status: 'x'.repeat(65) } }],
  ])('refuses a wrong %s: %o', (path, frame) => {
    expect(decode(falconCodec, frame)).toMatchObject({ type: 'refused', error: { code: 'invalid_frame', path } });
  });
});
