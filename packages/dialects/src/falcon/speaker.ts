import type { DialectSpeaker } from '@trunkline/server/testing';
import { speakWebSocket } from '../../test/support/speak-web-socket.js';
import { falconDialect } from './index.js';
import { serverMessageSchema } from './schema.js';

const ROOM = 'group:fleet';

export const speaker: DialectSpeaker = {
  name: 'falcon',
  dialect: () => falconDialect(),
  room: ROOM,
  users: ['alice', 'bob'],
  relation: 'member',
  refusal: '401',
  incomplete: '{"type":"room_update"}',
  isError: (message) => message.type === 'error',
  parse: (message) => void serverMessageSchema.parse(message),
  heard: (n) => ({
    event: 'message',
    data: { text: `heard ${n}` },
    matches: (message) => message.type === 'message' && JSON.stringify(message.data).includes(`"heard ${n}"`),
  }),
  said: (n) => ({
    event: 'message',
    frame: JSON.stringify({ type: 'message', room: ROOM, data: { text: `said ${n}` } }),
    matches: (data) => JSON.stringify(data).includes(`"said ${n}"`),
  }),
  async connect({ port, token }) {
    const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
    const connection = await speakWebSocket(`ws://127.0.0.1:${port}/websocket/connect`, {
      headers: authorization,
      messages: serverMessageSchema,
    });
    await connection.take((message) => message.type === 'room_joined' && message.room === ROOM, 'room_joined');
    return connection;
  },
};
