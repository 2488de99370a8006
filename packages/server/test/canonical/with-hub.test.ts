import type { ServerFrame } from '@trunkline/protocol';
import { connectRaw, eventually } from '@trunkline/testkit';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createMemoryBroker } from '../../src/broker/memory-broker.js';
import type { Broker, Publication } from '../../src/seams/broker.js';
import { SECRET, startHub } from '../hub/start-hub.js';
import { clientFrame, handshake, RawSocket } from '../support/raw-socket.js';

const PATH = '/v1/connect';
const hello = (token: string, rooms: readonly object[] = []) =>
  JSON.stringify({ type: 'hello', id: 'h1', token, rooms });

async function expiredToken(secret: string): Promise<string> {
  const jwt = new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject('u1').setIssuedAt(1).setExpirationTime(2);
  return jwt.sign(new TextEncoder().encode(secret));
}

describe('the canonical dialect on a hub', () => {
  it('answers hello, join and publish that all came with the handshake, in order', async () => {
    await using hub = await startHub();
    await using client = await RawSocket.connect(hub.port);
    const frames = [
      hello(await hub.token('u1'), [{ room: 'lobby:main' }]),
      JSON.stringify({ type: 'publish', id: 'p1', room: 'lobby:main', event: 'message', data: { text: 'one' } }),
      JSON.stringify({ type: 'publish', id: 'p2', room: 'lobby:main', event: 'message', data: { text: 'two' } }),
    ];
    client.socket.write(
      Buffer.concat([Buffer.from(handshake({ path: PATH })), ...frames.map((text) => clientFrame(text))]),
    );
    await eventually(() => client.texts().filter((text) => text.includes('"ack"')).length === 2);
    const types = client.texts().map((text) => JSON.parse(text).type);
    expect(types[0]).toBe('welcome');
    const acks = client
      .texts()
      .map((text) => JSON.parse(text))
      .filter(({ type }) => type === 'ack');
    expect(acks.map(({ id, offset }) => [id, offset])).toEqual([
      ['p1', 1],
      ['p2', 2],
    ]);
  });

  it('refuses what follows a refused publish until that one comes again', async () => {
    const memory = createMemoryBroker();
    const broker: Broker = Object.create(memory, {
      publish: { value: async (one: Publication) => memory.publish(one) },
    });
    await using hub = await startHub({ broker, limits: { unacked: 1 } });
    await using client = await connectRaw(hub);
    await client.hello({ token: await hub.token('u1'), rooms: [{ room: 'lobby:main' }] });
    const publish = (id: string) =>
      client.send({ type: 'publish', id, room: 'lobby:main', event: 'message', data: { text: id } });
    const answers = async (ids: readonly string[]) =>
      Promise.all(
        ids.map(async (id) => {
          const isAnswer = (frame: ServerFrame) => 'id' in frame && frame.id === id && frame.type !== 'event';
          const frame = await client.nextWhere(isAnswer, `the answer to ${id}`);
          return frame.type === 'error' ? frame.code : frame.type;
        }),
      );
    for (const id of ['p1', 'p2', 'p3']) publish(id);
    expect(await answers(['p1', 'p2', 'p3'])).toEqual(['ack', 'too_many_unacked', 'out_of_order']);
    publish('p3');
    expect(await answers(['p3'])).toEqual(['out_of_order']);
    publish('p2');
    expect(await answers(['p2'])).toEqual(['ack']);
    publish('p3');
    expect(await answers(['p3'])).toEqual(['ack']);
  });

  it('gives a member of two rooms an event of both in each', async () => {
    await using hub = await startHub();
    await using client = await connectRaw(hub);
    const rooms = ['lobby:a', 'lobby:b'] as const;
    await client.hello({ token: await hub.token('u1'), rooms: rooms.map((room) => ({ room })) });
    for (const _ of rooms) await client.nextOf('joined');
    await hub.hub.publish({ rooms, event: 'message', data: { text: 'hi' } });
    const events = [await client.nextOf('event'), await client.nextOf('event')];
    expect(events.map(({ room }) => room).sort()).toEqual(rooms);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
  });

  it.each([
    ['garbage', async () => 'garbage', 4100],
    ['a token of another key', () => expiredToken('another-secret-of-at-least-32-bytes!!'), 4100],
    ['a token that has ended', () => expiredToken(SECRET), 4101],
    ['no token', async () => undefined, 4100],
  ])('shows a browser why %s is refused', async (_, makeToken, code) => {
    await using hub = await startHub();
    const token = await makeToken();
    await using client = await connectRaw(hub);
    client.send({ type: 'hello', id: 'h1', ...(token === undefined ? {} : { token }) });
    const error = await client.nextOf('error');
    expect(error.id).toBe('h1');
    expect(error.message).not.toContain('eyJ');
    expect(await client.nextOf('goaway')).toMatchObject({ code });
    const closed = await client.closed;
    expect(closed.code).toBe(code);
    expect(closed.reason).toMatch(/^[a-z_]+$/);
    expect(hub.hub.status().connections).toBe(0);
  });

  it('ends a reader that does not read within 2 s of its bound, and costs the others nothing', async () => {
    let droppedAt = 0;
    let endedAt = 0;
    await using hub = await startHub({
      limits: { maxQueueBytes: 262_144, messagesPerSecond: 10_000, messageBurst: 10_000 },
      observer: {
        dropped() {
          droppedAt ||= performance.now();
        },
        connectionClosed(_, code) {
          if (code === 4002) endedAt = performance.now();
        },
      },
    });
    await using publisher = await connectRaw(hub);
    await publisher.hello({ token: await hub.token('u1') });
    await using bystander = await connectRaw(hub);
    await bystander.hello({ token: await hub.token('u2'), rooms: [{ room: 'lobby:main' }] });
    await bystander.nextOf('joined');
    await using slow = await RawSocket.upgrade(hub.port, { path: PATH });
    slow.socket.write(clientFrame(hello(await hub.token('u3'), [{ room: 'lobby:main' }])));
    await eventually(() => slow.texts().some((text) => text.includes('"joined"')));
    slow.socket.pause();

    const text = 'x'.repeat(60_000);
    let published = 0;
    while (droppedAt === 0) {
      await publisher.publish('lobby:main', 'message', { text });
      published++;
      expect(published).toBeLessThan(1_000);
    }
    await eventually(() => endedAt);
    expect(endedAt - droppedAt).toBeLessThan(2_000);
    await eventually(() => bystander.seen.filter(({ type }) => type === 'event').length === published);
  }, 30_000);

  it('is back at zero after resets at every stage', async () => {
    await using hub = await startHub();
    const token = await hub.token('u1');
    const request = Buffer.from(handshake({ path: PATH }));
    const helloFrame = clientFrame(hello(token, [{ room: 'lobby:main' }]));
    const publish = clientFrame(
      JSON.stringify({ type: 'publish', id: 'p', room: 'lobby:main', event: 'message', data: { text: 'x' } }),
    );
    const stages = [
      [request],
      [Buffer.concat([request, helloFrame.subarray(0, 20)])],
      [Buffer.concat([request, helloFrame])],
      [Buffer.concat([request, helloFrame, publish])],
      [Buffer.concat([request, helloFrame, publish.subarray(0, 9)])],
    ].flat();
    for (let round = 0; round < 5; round++) {
      for (const bytes of stages) {
        const client = await RawSocket.connect(hub.port);
        await new Promise((resolve) => client.socket.write(bytes, resolve));
        client.socket.resetAndDestroy();
      }
    }
    await using client = await connectRaw(hub);
    await client.hello({ token: await hub.token('u2') });
    await eventually(() => hub.hub.status().connections === 1);
    await eventually(async () => (await hub.hub.presence('lobby:main')).members.length === 0);
  });
});
