import type { DialectSpeaker } from '@trunkline/server/testing';
import { speakWebSocket, untilReady } from '../../test/support/speak-web-socket.js';
import { SHIPVOX_ROOM } from './codec.js';
import { shipvoxDialect } from './index.js';
import { messageSchema } from './schema.js';

const envelope = (type: string, payload: unknown) =>
  JSON.stringify({ type, payload, timestamp: Date.now(), requestId: `request-${type}` });

export const speaker: DialectSpeaker = {
  name: 'shipvox',
  dialect: () => shipvoxDialect(),
  room: SHIPVOX_ROOM,
  users: ['alice', 'bob'],
  refusal: '1008',
  incomplete: '{"type":"zip_collected"}',
  isError: (message) => message.type === 'error' && message.user === undefined,
  parse: (message) => void messageSchema.parse(message),
  heard: (n) => ({
    event: 'message',
    data: { type: 'quote_ready', payload: { n }, requestId: `quote-${n}` },
    matches: (message) => message.type === 'quote_ready' && message.requestId === `quote-${n}`,
  }),
  said: (n) => ({
    event: 'message',
    frame: envelope('test', { n }),
    matches: (data) => JSON.stringify(data).includes(`"payload":{"n":${n}}`),
  }),
  async connect({ port, token }) {
    const query = token === null ? '' : `?token=${encodeURIComponent(token)}`;
    const connection = await speakWebSocket(`ws://127.0.0.1:${port}/shipvox/ws${query}`, {
      messages: messageSchema,
    });
    // The format has no word for being ready: what comes back to its sender shows it.
    const ready = `ready-${Math.random()}`;
    connection.send(JSON.stringify({ type: 'test', payload: ready, timestamp: Date.now(), requestId: ready }));
    return untilReady(
      connection,
      connection.take((message) => message.payload === ready, 'its own message'),
    );
  },
};
