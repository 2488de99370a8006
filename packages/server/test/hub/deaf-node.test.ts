import { eventually, type RawClient, startFaultProxy, startRedis } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { connect } from './start-hub.js';
import { freshPrefix, type NodeOptions, startNode } from './start-nodes.js';

/** `there` goes deaf on command: commands work, and no connection of its subscriber does, new ones included. */
async function startTwo(options: Partial<NodeOptions> = {}) {
  const redis = await startRedis();
  const proxy = await startFaultProxy({ targetPort: redis.port });
  const prefix = freshPrefix();
  const here = await startNode({ url: redis.url, prefix });
  const there = await startNode({ ...options, url: `redis://127.0.0.1:${proxy.port}`, prefix });
  return {
    here,
    there,
    async deafen() {
      proxy.blackholeThat((sent) => sent.includes(':subscriber'));
      await eventually(() => expect(there.hub.status().broker).toMatchObject({ state: 'degraded', deaf: true }), {
        timeoutMs: 10_000,
      });
    },
    async restore() {
      proxy.heal();
      await eventually(() => there.hub.status().ready, { timeoutMs: 15_000 });
    },
    async [Symbol.asyncDispose]() {
      for (const part of [here, there, proxy, redis]) await part[Symbol.asyncDispose]();
    },
  };
}

const textsOf = ({ seen }: RawClient) =>
  seen.flatMap((frame) => (frame.type === 'event' && 'offset' in frame ? [(frame.data as { text: string }).text] : []));

describe.concurrent('on a node that hears nothing while its commands work', () => {
  test('members get durable events from the log, in order and each once, before and after it hears again (C5)', async () => {
    await using nodes = await startTwo();
    await using ann = await connect(nodes.there, 'ann');
    await using bob = await connect(nodes.here, 'bob');
    await ann.join('lobby:a');
    await nodes.deafen();
    const said: string[] = [];
    const say = async (text: string) => {
      await bob.publish('lobby:a', 'message', { text });
      said.push(text);
    };
    for (const text of ['1', '2', '3']) await say(text);
    await eventually(() => expect(textsOf(ann)).toEqual(said), { timeoutMs: 10_000 });
    for (const text of ['4', '5']) await say(text);
    await eventually(() => expect(textsOf(ann)).toEqual(said), { timeoutMs: 10_000 });
    expect(nodes.there.hub.status()).toMatchObject({ ready: false, broker: { deaf: true } });
    await say('6');
    await nodes.restore();
    await say('7');
    await eventually(() => expect(textsOf(ann)).toEqual(said));
    expect(ann.seen.filter(({ type }) => ['gap', 'left', 'goaway', 'error'].includes(type))).toEqual([]);
  }, 60_000);

  test('who resumes ahead of what the node knows gets nothing twice when it catches up', async () => {
    await using nodes = await startTwo();
    await using ann = await connect(nodes.there, 'ann');
    await using bob = await connect(nodes.here, 'bob');
    let { position } = await ann.join('lobby:a');
    await nodes.deafen();
    const resumed: RawClient[] = [];
    const said = Array.from({ length: 10 }, (_, index) => `${index}`);
    for (const text of said) {
      const { epoch = '', eventId, offset = 0 } = await bob.publish('lobby:a', 'message', { text });
      const late = await connect(nodes.there, 'late');
      await late.join('lobby:a', { position });
      resumed.push(late);
      position = { epoch, offset, lastId: eventId };
    }
    await eventually(() => expect(textsOf(ann)).toEqual(said), { timeoutMs: 10_000 });
    await nodes.restore();
    await bob.publish('lobby:a', 'message', { text: 'last' });
    for (const [index, late] of resumed.entries()) {
      await eventually(() => expect(textsOf(late)).toContain('last'));
      expect(textsOf(late)).toEqual([...said.slice(index), 'last']);
      await late.close();
    }
  }, 60_000);

  test('who lost a relation leaves, and is shown nothing that came later', async () => {
    await using nodes = await startTwo();
    const relation = { object: 'booking:1', relation: 'owner', user: 'ann' };
    await nodes.here.hub.directory.change({ ...relation, present: true });
    await using ann = await connect(nodes.there, 'ann');
    for (const room of ['booking:1', 'lobby:a']) await ann.join(room);
    await nodes.deafen();
    const status = (word: string) =>
      nodes.here.hub.publish({ rooms: ['booking:1'], event: 'status_update', data: { bookingId: '1', status: word } });
    await status('mine');
    expect(await ann.nextOf('event', 10_000)).toMatchObject({ data: { status: 'mine' } });
    await nodes.here.hub.directory.change({ ...relation, present: false });
    expect(await ann.nextOf('left')).toMatchObject({ room: 'booking:1', reason: 'relation_removed' });
    await status('not mine');
    for (const text of ['1', '2']) {
      await nodes.here.hub.publish({ rooms: ['lobby:a'], event: 'message', data: { text } });
      expect(await ann.nextOf('event', 10_000)).toMatchObject({ room: 'lobby:a', data: { text } });
    }
  }, 60_000);

  test('no room waits for ever behind a thousand others', async () => {
    const rooms = Array.from({ length: 1_300 }, (_, n) => `lobby:${n}` as const);
    await using nodes = await startTwo({
      heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
      limits: { roomsPerConnection: rooms.length, messagesPerSecond: 10_000, messageBurst: 10_000 },
    });
    await using ann = await connect(nodes.there, 'ann');
    for (const room of rooms) await ann.join(room);
    await nodes.deafen();
    const room = rooms.at(-1) ?? 'lobby:0';
    await nodes.here.hub.publish({ rooms: [room], event: 'message', data: { text: 'last' } });
    expect(await ann.nextOf('event', 30_000)).toMatchObject({ room, data: { text: 'last' } });
  }, 90_000);
});
