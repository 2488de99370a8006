import type { RoomRequest } from '@trunkline/protocol';
import { type Codec, type Dialect, webSocketDialect } from '@trunkline/server';
import { OTHER_FORMATS } from './format-paths.js';

/** Formats of other systems, as a dialect would word them: receivers only, each with an encoder of its own. */
export function otherFormats(): Dialect[] {
  return OTHER_FORMATS.map((path, index) => {
    const codec: Codec = {
      encode(notice) {
        if (notice.type === 'joined') return '{"type":"joined"}';
        if (notice.type !== 'event') return null;
        const { room, id, data, from, timestamp } = notice;
        const sender = 'userId' in from ? from.userId : from.service;
        return JSON.stringify({
          type: 'event',
          format: index,
          channel: room,
          messageId: id,
          sender,
          data,
          sentAt: new Date(timestamp),
        });
      },
      greet: () => null,
      open: (head) => ({
        hello(text) {
          const { token, rooms }: { token: string; rooms: readonly RoomRequest[] } = JSON.parse(text);
          return { greeting: { credentials: { token, address: head.address } }, options: { rooms } };
        },
        decode: () => [{ command: { type: 'pong' } }],
        reply: () => [],
      }),
    };
    return webSocketDialect({ name: `format${index + 2}`, paths: [path], codec, refuse: () => ({ code: 1008 }) });
  });
}
