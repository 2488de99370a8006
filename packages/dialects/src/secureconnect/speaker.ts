import type { DialectSpeaker } from '@trunkline/server/testing';
import { speakWebSocket } from '../../test/support/speak-web-socket.js';
import { secureconnectDialect } from './index.js';
import { serverMessageSchema } from './schema.js';

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';

export const speaker: DialectSpeaker = {
  name: 'secureconnect',
  dialect: () => secureconnectDialect(),
  room: `conversation:${CONVERSATION}`,
  users: ['123e4567-e89b-12d3-a456-426614174000', '223e4567-e89b-12d3-a456-426614174000'],
  relation: 'participant',
  refusal: '401',
  incomplete: '{"type":"chat"}',
  isError: (message) => message.type === 'error',
  parse: (message) => void serverMessageSchema.parse(message),
  heard: (n) => ({
    event: 'chat',
    data: { content: `heard ${n}` },
    matches: (message) => message.type === 'chat' && message.content === `heard ${n}`,
  }),
  said: (n) => ({
    event: 'chat',
    frame: JSON.stringify({ type: 'chat', content: `said ${n}`, is_encrypted: false, message_type: 'text' }),
    matches: (data) => JSON.stringify(data).includes(`"said ${n}"`),
  }),
  async connect({ port, token }) {
    const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
    const url = `ws://127.0.0.1:${port}/v1/ws/chat?conversation_id=${CONVERSATION}`;
    const connection = await speakWebSocket(url, { headers: authorization, messages: serverMessageSchema });
    await connection.take((message) => message.type === 'user_joined', 'user_joined');
    return connection;
  },
};
