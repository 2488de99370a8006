import { once } from 'node:events';
import { TrunklineError } from '@trunkline/protocol';
import { eventually } from '@trunkline/testkit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { canonicalDialect } from '../../src/canonical/canonical-dialect.js';
import { startHub } from '../hub/start-hub.js';
import { createFakeGateway, type FakeGatewayOptions } from '../support/fake-gateway.js';
import { clientFrame, RawSocket } from '../support/raw-socket.js';
import { serve } from '../support/serve.js';

const PATH = '/v1/connect';
const hello = (more: object) => clientFrame(JSON.stringify({ type: 'hello', id: 'h1', ...more }));
/** The frames of all messages; a batch counts as its frames. */
const framesOf = (client: RawSocket) => client.texts().flatMap((text) => JSON.parse(text));
const isBatch = (text: string) => text.startsWith('[');

/** Connections without a hub: the test says what is sent to them, and in which turn. */
async function openLinks(hellos: readonly object[], options: FakeGatewayOptions = {}) {
  const gateway = createFakeGateway(options);
  const served = await serve({ gateway, dialects: [canonicalDialect()] });
  const clients: RawSocket[] = [];
  for (const more of hellos) {
    const client = await RawSocket.upgrade(served.port, { path: PATH });
    client.socket.write(hello(more));
    clients.push(client);
    await eventually(() => gateway.sessions.length === clients.length || client.texts().length > 0);
  }
  const sendAll = (numbers: readonly number[]) => {
    for (const n of numbers) {
      const notice = { type: 'progress', ref: 'r1', data: n } as const;
      for (const { link } of gateway.sessions) {
        const frame = link.encoder.encode(notice);
        if (frame) link.send(frame);
      }
    }
  };
  return Object.assign(served, { clients, gateway, sendAll });
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const dataOf = (client: RawSocket | undefined) => (client ? framesOf(client).map(({ data }) => data) : []);

describe('batches', () => {
  it('carry what one turn brings to who asked for them, and to nobody else', async () => {
    await using served = await openLinks([{ batch: true }, {}, { batch: false }, { batch: true }]);
    served.sendAll(numbers(3));
    await eventually(() => served.clients.every((client) => framesOf(client).length === 3));
    expect(served.clients.map((client) => client.texts().length)).toEqual([1, 3, 3, 1]);
    for (const client of served.clients) expect(dataOf(client)).toEqual([0, 1, 2]);
    served.sendAll([3]);
    await eventually(() => served.clients.every((client) => framesOf(client).length === 4));
    for (const client of served.clients) expect(client.texts().at(-1)).toBe('{"type":"progress","id":"r1","data":3}');
  });

  it('keep their bounds, whatever a turn brings', async () => {
    await using served = await openLinks([{ batch: true }, {}]);
    served.sendAll(numbers(1_000));
    await eventually(() => served.clients.every((client) => framesOf(client).length === 1_000));
    for (const client of served.clients) expect(dataOf(client)).toEqual(numbers(1_000));
    expect(served.clients.map((client) => client.texts().length)).toEqual([Math.ceil(1_000 / 64), 1_000]);
  });

  it('end with what was sent before the close, which follows as a frame of its own', async () => {
    await using served = await openLinks([{ batch: true }]);
    const [client] = served.clients;
    const [session] = served.gateway.sessions;
    served.sendAll(numbers(2));
    const goaway = { code: 4502, reason: 'disconnected', reconnect: false, afterMs: 0 } as const;
    const frame = session?.link.encoder.encode({ type: 'goaway', ...goaway });
    if (frame) session?.link.send(frame);
    session?.link.close(4502, 'disconnected');
    served.sendAll([2]);
    expect(await client?.closeFrame()).toEqual({ code: 4502, reason: 'disconnected' });
    expect(client?.frames().map(({ opcode }) => opcode)).toEqual([1, 8]);
    expect(client && framesOf(client)).toMatchObject([{ data: 0 }, { data: 1 }, { type: 'goaway', ...goaway }]);
  });

  it('are no way to word a refusal', async () => {
    await using served = await openLinks([{ batch: true }], {
      authenticate: () => {
        throw new TrunklineError('unauthenticated', 'Refused.');
      },
    });
    const [client] = served.clients;
    expect(await client?.closeFrame()).toMatchObject({ code: 4100 });
    expect(client?.texts().map((text) => JSON.parse(text).type)).toEqual(['error', 'goaway']);
  });

  it('travel compressed where that is turned on', async () => {
    const gateway = createFakeGateway();
    await using served = await serve({ gateway, dialects: [canonicalDialect({ deflate: { thresholdBytes: 10 } })] });
    const client = new WebSocket(`ws://127.0.0.1:${served.port}${PATH}`, ['trunkline.v1']);
    await once(client, 'open');
    const texts: string[] = [];
    client.on('message', (data) => texts.push(String(data)));
    client.send(JSON.stringify({ type: 'hello', id: 'h1', batch: true }));
    const link = await eventually(() => gateway.sessions[0]?.link);
    for (const data of ['x'.repeat(1_000), 'y'.repeat(1_000)]) {
      const frame = link.encoder.encode({ type: 'progress', ref: 'r1', data });
      if (frame) link.send(frame);
    }
    await eventually(() => texts.length > 0);
    expect(client.extensions).toContain('permessage-deflate');
    expect(texts.map((text) => JSON.parse(text).map(({ data }: { readonly data: string }) => data[0]))).toEqual([
      ['x', 'y'],
    ]);
    client.terminate();
  });

  it('tell members of one room the same in the same order, with their welcome, joins and acks', async () => {
    // So fast that the hundred come in one turn.
    await using hub = await startHub({ limits: { messagesPerSecond: 1e6, messageBurst: 1e6 } });
    const token = await hub.token('u1');
    for (const text of ['one', 'two'])
      await hub.hub.publish({ rooms: ['lobby:main'], event: 'message', data: { text } });
    const clients = await Promise.all([{ batch: true }, {}].map(() => RawSocket.upgrade(hub.port, { path: PATH })));
    const wanted = [{ room: 'lobby:main', rewind: 2 }];
    for (const [index, client] of clients.entries()) {
      client.socket.write(hello({ token, rooms: wanted, ...(index === 0 && { batch: true }) }));
      await eventually(() => framesOf(client).filter(({ type }) => type === 'event').length === 2);
    }
    const publishes = numbers(100).map((n) => ({
      type: 'publish',
      id: `p${n}`,
      room: 'lobby:main',
      event: 'message',
      data: { text: `${n}` },
    }));
    clients[0]?.socket.write(Buffer.concat(publishes.map((frame) => clientFrame(JSON.stringify(frame)))));
    const eventsOf = (client: RawSocket) => framesOf(client).filter(({ type }) => type === 'event');
    await eventually(() => clients.every((client) => eventsOf(client).length === 102));
    const [batched, plain] = clients;
    if (!batched || !plain) throw new Error('no clients');
    expect(framesOf(batched)[0].type).toBe('welcome');
    expect(framesOf(batched)[1].type).toBe('joined');
    expect(eventsOf(batched).map(({ offset }) => offset)).toEqual(numbers(102).map((n) => n + 1));
    expect(eventsOf(plain).map(({ offset }) => offset)).toEqual(numbers(102).map((n) => n + 1));
    await eventually(() => framesOf(batched).filter(({ type }) => type === 'ack').length === 100);
    expect(batched.texts().some(isBatch)).toBe(true);
    expect(batched.texts().length).toBeLessThan(framesOf(batched).length / 4);
    expect(plain.texts().some(isBatch)).toBe(false);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});
