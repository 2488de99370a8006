import { clientFrame, eventually, handshake, RawSocket } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { bookingDialect } from '../src/booking/index.js';
import { serverMessageSchema as bookingMessages } from '../src/booking/schema.js';
import { falconDialect } from '../src/falcon/index.js';
import { serverMessageSchema as falconMessages } from '../src/falcon/schema.js';
import { secureconnectDialect } from '../src/secureconnect/index.js';
import { serverMessageSchema as secureconnectMessages } from '../src/secureconnect/schema.js';
import { shipvoxDialect } from '../src/shipvox/index.js';
import { messageSchema as shipvoxMessages } from '../src/shipvox/schema.js';
import { startHub } from './support/start-hub.js';

const CONVERSATION = '550e8400-e29b-41d4-a716-446655440000';
const ANN = '123e4567-e89b-12d3-a456-426614174000';
const MAX_BYTES = 1_048_576;

interface Format {
  readonly name: string;
  /** Where a client with this token comes in. */
  at(token: string): { readonly path: string; readonly headers?: Record<string, string> };
  /** Something to say, and the type of what comes back for each time it is said. */
  readonly said: object;
  readonly answer: string;
  readonly messages: z.ZodType;
}

const FORMATS: readonly Format[] = [
  {
    name: 'booking',
    at: (token) => ({ path: `/ws?token=${token}` }),
    said: { type: 'join', room: `user:${ANN}` },
    answer: 'joined_room',
    messages: bookingMessages,
  },
  {
    name: 'shipvox',
    at: (token) => ({ path: `/shipvox/ws?token=${token}` }),
    said: { type: 'test', payload: 1, timestamp: 1, requestId: 'r' },
    answer: 'test',
    messages: shipvoxMessages,
  },
  {
    name: 'secureconnect',
    at: (token) => ({ path: `/v1/ws/chat?conversation_id=${CONVERSATION}&access_token=${token}` }),
    said: { type: 'chat', content: 'c' },
    answer: 'chat',
    messages: secureconnectMessages,
  },
  {
    name: 'falcon',
    at: (token) => ({ path: '/websocket/connect', headers: { Authorization: `Bearer ${token}` } }),
    said: { type: 'message', room: 'general', data: { text: 'x' } },
    answer: 'message',
    messages: falconMessages,
  },
];

async function start() {
  const served = await startHub([bookingDialect(), shipvoxDialect(), secureconnectDialect(), falconDialect()]);
  await served.relate(`conversation:${CONVERSATION} participant ${ANN}`);
  return served;
}

describe.each(FORMATS)('$name', ({ name, at, said, answer, messages }) => {
  const frame = clientFrame(JSON.stringify(said));
  // A lobby is heard by its members alone, and nothing else of a client comes back in it.
  const first =
    name === 'falcon' ? clientFrame('{"type":"room_update","room":"general","data":{"action":"join"}}') : '';

  test('a frame in the same bytes as the upgrade request, and the same again, are each answered once', async () => {
    await using served = await start();
    await using raw = await RawSocket.connect(served.port);
    const bytes = [Buffer.from(handshake(at(await served.token(ANN)))), Buffer.from(first), frame, frame];
    raw.socket.write(Buffer.concat(bytes));
    const heard = () => raw.texts().map((text) => JSON.parse(text));
    await eventually(() => heard().filter(({ type }) => type === answer).length === 2);
    for (const message of heard()) messages.parse(message);
  });

  test('frames behind a refused upgrade or a close frame are not looked at', async () => {
    await using served = await start();
    for (const bytes of [
      [Buffer.from(handshake(at('no.real.token'))), frame],
      [
        Buffer.from(handshake(at(await served.token(ANN)))),
        clientFrame(Buffer.from([0x03, 0xe8]), { opcode: 8 }),
        frame,
      ],
    ]) {
      await using raw = await RawSocket.connect(served.port);
      raw.socket.write(Buffer.concat(bytes));
      await raw.ended();
      expect(raw.texts().filter((text) => JSON.parse(text).type === answer)).toEqual([]);
    }
    await eventually(() => served.hub.status().connections === 0);
  });

  test('a message above 1 MB closes 1009 its own connection alone', async () => {
    await using served = await start();
    const token = await served.token(ANN);
    await using bystander = await RawSocket.upgrade(served.port, at(token));
    await using raw = await RawSocket.upgrade(served.port, at(token));
    raw.socket.write(clientFrame(JSON.stringify({ ...said, filling: 'x'.repeat(MAX_BYTES) })));
    expect((await raw.closeFrame()).code).toBe(1009);
    bystander.socket.write(Buffer.concat([Buffer.from(first), frame]));
    await eventually(() => bystander.texts().some((text) => JSON.parse(text).type === answer));
  });

  test('a message in many fragments with a ping between them is one message', async () => {
    await using served = await start();
    await using raw = await RawSocket.upgrade(served.port, at(await served.token(ANN)));
    const text = JSON.stringify(said);
    const parts = [...text].map((character, index) =>
      clientFrame(character, { opcode: index === 0 ? 1 : 0, isFinal: index === text.length - 1 }),
    );
    parts.splice(3, 0, clientFrame('still there?', { opcode: 9 }));
    raw.socket.write(Buffer.concat([Buffer.from(first), ...parts]));
    await eventually(() => raw.texts().some((one) => JSON.parse(one).type === answer));
    expect(raw.frames().some(({ opcode, payload }) => opcode === 10 && payload.toString() === 'still there?')).toBe(
      true,
    );
  });
});
