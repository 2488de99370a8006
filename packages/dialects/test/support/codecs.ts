import type { Codec, Command, EventNotice, Notice, RequestHead } from '@trunkline/server';

export const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
export const AT = Date.UTC(2024, 9, 2, 19);
const alice = { userId: 'alice', connectionId: 'c-1' };

export function head(query = '', headers: RequestHead['headers'] = {}, protocols: readonly string[] = []): RequestHead {
  return {
    method: 'GET',
    path: '/',
    query: new URLSearchParams(query),
    headers,
    address: '192.0.2.1',
    protocols,
    port: 80,
  };
}

export function event(room: string, name: string, data: unknown, from: EventNotice['from'] = alice): EventNotice {
  return { type: 'event', room, event: name, id: 'e-1', from, data, timestamp: AT };
}

export function direct(name: string): Notice {
  return { ...event('lobby:general', name, {}), type: 'direct' };
}

/** The command of one frame, without the random id. */
export function decode(codec: Codec, frame: unknown): Partial<Command> {
  const conversation = codec.open(head(`conversation_id=${CONVERSATION}`));
  conversation.opened?.('c-1', 'alice', () => {});
  const [decoded] = conversation.decode(typeof frame === 'string' ? frame : JSON.stringify(frame));
  if (decoded === undefined) throw new Error('no command');
  const { id: _, ...command } = { id: '', ...decoded.command };
  return command;
}

export const encode = (codec: Codec, notice: Notice) => {
  const text = codec.encode(notice);
  return text === null ? null : JSON.parse(text);
};
