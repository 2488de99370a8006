import { defineContract, durable, ephemeral } from '@trunkline/protocol/contract';
import { eventually, type RawClient } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, type StartedHub, startHub } from './start-hub.js';

const any = z.looseObject({});
const contract = defineContract({
  rooms: {
    ride: {
      join: ['user'],
      events: {
        place: ephemeral(any, { conflateBy: 'car', retain: 'last' }),
        tick: ephemeral(any),
        hint: ephemeral(any, { echo: 'others' }),
        end: durable(any),
      },
    },
  },
});
const ROOM = 'ride:1';

async function enter(server: StartedHub<typeof contract>, userId: string): Promise<RawClient> {
  const client = await connect(server, userId);
  await client.join(ROOM);
  return client;
}

const eventsOf = ({ seen }: RawClient) =>
  seen.flatMap((frame) => (frame.type === 'event' ? [{ event: frame.event, ...(frame.data as object) }] : []));

test('who joins gets the last retained event of each key at once, before what comes later', async () => {
  await using server = await startHub({ contract });
  const place = (car: string, at: number) => server.hub.publish({ rooms: [ROOM], event: 'place', data: { car, at } });
  for (const [car, at] of [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['a', 3],
  ] as const)
    await place(car, at);
  await server.hub.publish({ rooms: [ROOM], event: 'tick', data: { at: 1 } });
  await using ann = await enter(server, 'ann');
  await place('b', 2);
  await server.hub.publish({ rooms: [ROOM], event: 'end', data: {} });
  await ann.nextWhere((frame) => frame.type === 'event' && frame.event === 'end', 'end');
  expect(eventsOf(ann)).toEqual([
    { event: 'place', car: 'b', at: 1 },
    { event: 'place', car: 'a', at: 3 },
    { event: 'place', car: 'b', at: 2 },
    { event: 'end' },
  ]);
});

test('echo "others" leaves the sender out, and nobody else of its user', async () => {
  await using server = await startHub({ contract });
  await using ann = await enter(server, 'ann');
  await using phone = await enter(server, 'ann');
  await using bob = await enter(server, 'bob');
  await ann.publish(ROOM, 'hint', { n: 1 });
  await ann.publish(ROOM, 'end', {});
  for (const client of [ann, phone, bob])
    await client.nextWhere((frame) => frame.type === 'event' && frame.event === 'end', 'end');
  expect([ann, phone, bob].map((client) => eventsOf(client).map(({ event }) => event))).toEqual([
    ['end'],
    ['hint', 'end'],
    ['hint', 'end'],
  ]);
});

describe('to a member that reads slowly', () => {
  /** Fills what the network holds and half of the bound; what waits then is for ephemeral events to give way to. */
  async function fall(server: StartedHub<typeof contract>, slow: RawClient, others: readonly RawClient[] = []) {
    slow.socket.pause();
    const load = 'x'.repeat(100_000);
    for (let n = 0; n < 300; n += 1) {
      await server.hub.publish({ rooms: [ROOM], event: 'tick', data: { n, load } });
      for (const other of others) await other.nextOf('event');
    }
  }

  test('ephemeral events are dropped, counted, and end nothing; durable ones all come', async () => {
    const dropped: string[] = [];
    await using server = await startHub({ contract, observer: { dropped: (why) => dropped.push(why) } });
    await using ann = await enter(server, 'ann');
    await using bob = await enter(server, 'bob');
    await fall(server, ann, [bob]);
    await server.hub.publish({ rooms: [ROOM], event: 'end', data: {} });
    await bob.nextWhere((frame) => frame.type === 'event' && frame.event === 'end', 'end');
    expect(eventsOf(bob).filter(({ event }) => event === 'tick')).toHaveLength(300);
    ann.socket.resume();
    await ann.nextWhere((frame) => frame.type === 'event' && frame.event === 'end', 'end');
    const ticks = eventsOf(ann).filter(({ event }) => event === 'tick');
    expect(ticks.length).toBeGreaterThan(0);
    expect(new Set(dropped)).toEqual(new Set(['backpressure']));
    expect(ticks.length + dropped.length).toBe(300);
    expect(server.hub.status().connections).toBe(2);
  });

  test('the newest of each key is kept, and comes when it has caught up', async () => {
    const dropped: string[] = [];
    await using server = await startHub({ contract, observer: { dropped: (why) => dropped.push(why) } });
    await using ann = await enter(server, 'ann');
    await fall(server, ann);
    for (let at = 1; at <= 20; at += 1)
      for (const car of ['a', 'b']) await server.hub.publish({ rooms: [ROOM], event: 'place', data: { car, at } });
    ann.socket.resume();
    const places = () => eventsOf(ann).filter(({ event }) => event === 'place');
    await eventually(() => places().length >= 2, { timeoutMs: 10_000 });
    await server.hub.publish({ rooms: [ROOM], event: 'end', data: {} });
    await ann.nextWhere((frame) => frame.type === 'event' && frame.event === 'end', 'end');
    expect(places()).toEqual(['a', 'b'].map((car) => ({ event: 'place', car, at: 20 })));
    expect(dropped.filter((why) => why === 'conflated')).toHaveLength(38);
  });
});
