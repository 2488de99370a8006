import { type ErrorCode, TrunklineError } from '@trunkline/protocol';
import { describe, expect, it } from 'vitest';
import { readCommand } from '../../src/canonical/canonical-commands.js';
import { CanonicalConversation } from '../../src/canonical/canonical-conversation.js';
import type { Command, Reply } from '../../src/seams/session.js';

const POSITION = { epoch: 'e1', offset: 4, lastId: 'ev-4' };

describe('a canonical command', () => {
  const SMUGGLED = { bound: true, context: { sessionId: 'x' }, rooms: ['user:other'], listed: true, path: 'x' };
  const COMMANDS: readonly (readonly [object, Command])[] = [
    [
      { type: 'publish', id: '1', room: 'lobby:main', event: 'message', data: 1 },
      { type: 'publish', id: '1', rooms: ['lobby:main'], event: 'message', data: 1 },
    ],
    [
      { type: 'publish', id: '1', room: ['lobby:a', 'lobby:b'], event: 'message', data: 1 },
      { type: 'publish', id: '1', rooms: ['lobby:a', 'lobby:b'], event: 'message', data: 1, listed: true },
    ],
    [
      { type: 'join', id: '1', room: 'lobby:main', position: { ...POSITION, more: 1 }, rewind: 3 },
      { type: 'join', id: '1', room: 'lobby:main', position: POSITION, rewind: 3 },
    ],
    [
      { type: 'leave', id: '1', room: 'lobby:main' },
      { type: 'leave', id: '1', room: 'lobby:main' },
    ],
    [
      { type: 'skip', id: '1', room: 'lobby:main', of: '0' },
      { type: 'skip', id: '1', room: 'lobby:main', of: '0' },
    ],
    [
      { type: 'send', id: '1', to: 'c_2', event: 'typing', data: {} },
      { type: 'send', id: '1', to: 'c_2', event: 'typing', data: {} },
    ],
    [
      { type: 'request', id: '1', action: 'echo', data: {}, timeoutMs: 5 },
      { type: 'request', id: '1', action: 'echo', data: {}, timeoutMs: 5 },
    ],
    [
      { type: 'cancel', id: '1', of: '0' },
      { type: 'cancel', id: '1', of: '0' },
    ],
    [
      { type: 'result', id: '1', of: 'k1', data: 2 },
      { type: 'result', id: '1', of: 'k1', data: 2 },
    ],
    [
      { type: 'result', id: '1', of: 'k1', data: 2, error: { code: 'x', message: 'y', stack: 'z' } },
      { type: 'result', id: '1', of: 'k1', error: { code: 'x', message: 'y' } },
    ],
    [
      { type: 'presence', id: '1', state: null },
      { type: 'presence', id: '1', state: null },
    ],
    [
      { type: 'read', id: '1', room: 'conversation:7', epoch: 'e1', offset: 4, kind: 'read' },
      { type: 'read', id: '1', room: 'conversation:7', epoch: 'e1', offset: 4, kind: 'read' },
    ],
    [
      { type: 'receipts', id: '1', room: 'conversation:7', offset: 4 },
      { type: 'receipts', id: '1', room: 'conversation:7', offset: 4 },
    ],
    [
      { type: 'history', id: '1', room: 'lobby:main', before: 9, limit: 5 },
      { type: 'history', id: '1', room: 'lobby:main', before: 9, limit: 5 },
    ],
    [
      { type: 'refresh', id: '1', token: 't' },
      { type: 'refresh', id: '1', token: 't' },
    ],
    [{ type: 'pong' }, { type: 'pong' }],
  ];
  it.each(COMMANDS.map(([frame, command]) => [command.type, frame, command] as const))(
    '%s has its own fields and no others',
    (_, frame, command) => {
      expect(readCommand(JSON.stringify(frame))).toEqual(command);
      const withMore = readCommand(JSON.stringify({ ...SMUGGLED, ...frame }));
      expect(withMore).toEqual(command);
    },
  );

  const REFUSALS: readonly (readonly [string, ErrorCode, string | undefined])[] = [
    ['{', 'malformed', undefined],
    ['[]', 'malformed', undefined],
    ['{"type":"nonsense","id":"1"}', 'unknown_frame', '1'],
    ['{"type":"__proto__","id":"1"}', 'unknown_frame', '1'],
    ['{"type":"join","id":"1"}', 'invalid_frame', '1'],
    ['{"type":"join","room":"lobby:main"}', 'invalid_frame', undefined],
    ['{"type":"hello","id":"1"}', 'already_authenticated', '1'],
    ['{"type":"publish","id":"1","room":"lobby:a","event":"message","data":{"__proto__":1}}', 'invalid_frame', '1'],
    ['{"type":"publish","id":"1","room":"lobby:a","event":"message","data":1e400}', 'invalid_frame', '1'],
  ];
  it.each(REFUSALS)('%s is refused', (text, code, id) => {
    const command = readCommand(text);
    expect(command).toMatchObject({ type: 'refused', error: { code } });
    expect(command.type === 'refused' ? command.id : '?').toBe(id);
  });

  it('of depth 10 000 is refused in little processor time', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    // The least of several: the collector and the compiler have threads of their own.
    const elapsedMs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      const command = readCommand(`{"type":"publish","id":"1","room":"lobby:a","event":"m","data":${deep}}`);
      expect(command).toMatchObject({ type: 'refused', error: { code: 'invalid_frame', path: 'data' } });
      return process.cpuUsage(before).user / 1_000;
    });
    expect(Math.min(...elapsedMs)).toBeLessThan(50);
  });
});

describe('a canonical answer', () => {
  const conversation = new CanonicalConversation({ address: '192.0.2.1' });
  const words = (reply: Reply, command: Command) =>
    conversation.reply(reply, { command }).map((text) => JSON.parse(text));
  const publish: Command = { type: 'publish', id: '1', rooms: ['lobby:a'], event: 'message', data: 1 };

  it('to one room tells its place, to a list each', () => {
    const rooms = [{ room: 'lobby:a', epoch: 'e1', offset: 3, duplicate: true }] as const;
    const ack: Reply = { type: 'ack', eventId: 'ev', rooms };
    expect(words(ack, publish)).toEqual([
      { type: 'ack', id: '1', eventId: 'ev', epoch: 'e1', offset: 3, duplicate: true },
    ]);
    expect(words(ack, { ...publish, listed: true })).toEqual([{ type: 'ack', id: '1', eventId: 'ev', rooms }]);
  });

  it('to an ephemeral publish or a send has the event id alone', () => {
    expect(words({ type: 'ack', eventId: 'ev', rooms: [] }, publish)).toEqual([
      { type: 'ack', id: '1', eventId: 'ev' },
    ]);
  });

  it('to leave is null', () => {
    const leave: Command = { type: 'leave', id: '2', room: 'lobby:a' };
    expect(words({ type: 'left', room: 'lobby:a', timestamp: 1 }, leave)).toEqual([
      { type: 'response', id: '2', data: null },
    ]);
  });

  it('without data is null, because JSON has nothing for undefined', () => {
    for (const data of [undefined, () => 1, Symbol('s')])
      expect(words({ type: 'response', data }, publish)).toEqual([{ type: 'response', id: '1', data: null }]);
  });

  it('of an error has the id of its frame, or none', () => {
    const error = new TrunklineError('invalid_data', 'No.', { path: 'data.text', retryAfterMs: 5 });
    const body = {
      type: 'error',
      code: 'invalid_data',
      message: 'No.',
      retryable: false,
      path: 'data.text',
      retryAfterMs: 5,
    };
    expect(words({ type: 'error', error }, publish)).toEqual([{ ...body, id: '1' }]);
    expect(words({ type: 'error', error }, { type: 'refused', error })).toEqual([body]);
  });

  it('of nothing is nothing', () => {
    expect(words({ type: 'done' }, { type: 'pong' })).toEqual([]);
  });
});
