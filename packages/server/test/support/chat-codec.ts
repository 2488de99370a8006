import { TrunklineError } from '@trunkline/protocol';
import type { Codec } from '../../src/seams/codec.js';
import type { Refusal } from '../../src/web-socket/web-socket-options.js';

/** A small format: the token is in the query, a text is a publish, an event is its data, an answer is its type. */
export const chatCodec: Codec & { encodes: number } = createChatCodec();

export function createChatCodec(): Codec & { encodes: number } {
  return {
    encodes: 0,
    encode(notice) {
      this.encodes++;
      return notice.type === 'event' ? String(notice.data) : null;
    },
    greet({ address, query }) {
      const token = query.get('token');
      if (query.has('broken')) throw new TrunklineError('invalid_data', 'The parameter broken is refused.');
      return { credentials: token === null ? { address } : { address, token } };
    },
    open: () => ({
      decode: (text) => [
        { command: { type: 'publish', id: '1', rooms: ['lobby:main'], event: 'message', data: text } },
      ],
      reply: (reply) => (reply.type === 'response' ? [String(reply.data)] : []),
    }),
  };
}

/** Missing credentials are told in HTTP, bad ones by a close that a browser can see. */
export function refuseChat(error: TrunklineError): Refusal {
  if (error.code === 'unauthenticated') return { code: 1008, reason: error.code, frames: ['bye'] };
  return { status: error.code === 'invalid_data' ? 400 : 503, body: { error: error.code } };
}

export const eventNotice = (data: string) =>
  ({
    type: 'event',
    room: 'lobby:main',
    event: 'message',
    id: data,
    from: { service: 'test' },
    data,
    timestamp: 1,
  }) as const;
