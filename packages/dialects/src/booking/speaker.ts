import type { DialectSpeaker } from '@trunkline/server/testing';
import { speakWebSocket, untilReady } from '../../test/support/speak-web-socket.js';
import { bookingDialect } from './index.js';
import { serverMessageSchema } from './schema.js';

const ROOM = 'support:ticket-1';

export const speaker: DialectSpeaker = {
  name: 'booking',
  dialect: () => bookingDialect(),
  room: ROOM,
  users: ['alice', 'bob'],
  relation: 'agent',
  refusal: '1008',
  incomplete: '{"type":"join"}',
  isError: (message) => message.type === 'error',
  parse: (message) => void serverMessageSchema.parse(message),
  heard: (n) => ({
    event: 'message',
    data: {
      ticketId: 'ticket-1',
      senderId: 'agent-7',
      message: { id: `m-${n}`, message: 'Hello', createdAt: '2024-10-02T19:00:00.000Z' },
    },
    matches: (message) => message.type === 'message' && JSON.stringify(message.message).includes(`"m-${n}"`),
  }),
  async connect({ port, token }) {
    const query = token === null ? '' : `?token=${encodeURIComponent(token)}`;
    const connection = await speakWebSocket(`ws://127.0.0.1:${port}/ws${query}`, {
      messages: serverMessageSchema,
    });
    const joined = async () => {
      await connection.take((message) => message.type === 'connected', 'connected');
      connection.send(JSON.stringify({ type: 'join', room: ROOM }));
      await connection.take((message) => message.type === 'joined_room', 'joined_room');
    };
    return untilReady(connection, joined());
  },
};
