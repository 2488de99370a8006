import { setTimeout as delay } from 'node:timers/promises';
import { createRandom, eventually, type RedisServer, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import type { Broker, Publication } from '../../src/seams/broker.js';
import { makePublication } from '../../src/testing/index.js';
import { startNode } from './backends.js';

/** `MODEL_SEED=7` runs that one alone. */
const SEEDS = process.env.MODEL_SEED === undefined ? [1, 2, 3] : [Number(process.env.MODEL_SEED)];
const STEPS = Number(process.env.MODEL_STEPS ?? 100);
const MISCHIEF = ['purge', 'bump', 'lose meta', 'tear meta', 'rewind meta', 'lose log', 'forget scripts'] as const;

const test = serial.concurrent;

interface Known {
  readonly life: number;
  readonly offset: number;
  readonly eventId: string;
  readonly data: unknown;
}

/** A room as DESIGN.md words it ("Publish"), one publish at a time. */
class ModelRoom {
  life = 0;
  offset = 0;
  /** Entries that the log holds when none is too old. */
  length = 0;
  /** What this life took over. */
  born = 0;
  /** By offset, for all of this life and what it took over. */
  ids = [''];
  /** `behind`: of its log, which shows with the next append. */
  meta: 'whole' | 'lost' | 'behind' = 'lost';
  readonly known = new Map<string, Known>();
  readonly junk = new Set<string>();
  readonly published: Publication[] = [];
  /** In order: offset and event id. */
  readonly appended: string[] = [];

  constructor(
    readonly name: string,
    readonly log: { readonly size: number; readonly ttlMs: number },
  ) {}

  publish({ key, data, eventId }: Publication, isFull: boolean): object {
    const id = String(key?.id);
    if (this.junk.has(id)) return refusal('a key of ours has the wrong type: remove it.');
    const before = this.meta === 'lost' ? undefined : this.known.get(id);
    if (before?.life === this.life) {
      if (before.data !== data) return { value: { status: 'conflict' } };
      return { value: { status: 'duplicate', offset: before.offset, eventId: before.eventId } };
    }
    if (isFull) return refusal('Redis is full (maxmemory).');
    if (this.meta !== 'whole') this.restart();
    this.offset += 1;
    this.length = Math.min(this.length + 1, this.log.size);
    this.ids[this.offset] = eventId;
    this.known.set(id, { life: this.life, offset: this.offset, eventId, data });
    this.appended.push(`${this.offset} ${eventId}`);
    return { value: { status: 'appended', offset: this.offset, eventId } };
  }

  restart(): void {
    Object.assign(this, { life: this.life + 1, offset: 0, length: 0, born: 0, ids: [''], meta: 'whole' });
  }
}

const refusal = (message: string) => ({ reason: { code: 'unavailable', message } });

test.each(SEEDS)('answers, log and fan-out are those of one publish at a time (seed %i)', async (seed) => {
  const { below, chance, pick } = createRandom(seed);
  await using redis = await startRedis();
  await using node = await startNode(redis.url);
  const { broker } = node.backend;
  const rooms = [
    ...[1, 2, 5, 100].map((size) => new ModelRoom(`lobby:${size}`, { size, ttlMs: 60_000 })),
    new ModelRoom('lobby:aging', { size: 40, ttlMs: 30 }),
  ];
  const epochs = new Map<string, string>();
  for (const { name } of rooms) await broker.subscribe(name);

  function choose(room: ModelRoom): Publication {
    const earlier = room.published.length > 0 && chance(0.3) ? pick(room.published) : undefined;
    const fresh = makePublication(room.name, { log: room.log, data: `line\n\u2028${below(1e9)}` });
    if (earlier === undefined) return fresh;
    return { ...fresh, key: earlier.key, data: chance(0.8) ? earlier.data : 'another payload' };
  }

  for (let step = 0; step < STEPS; step += 1) {
    if (chance(0.3)) await delay(below(40));
    if (chance(0.4)) await disturb(pick(rooms), pick(MISCHIEF), { redis, broker, epochs });
    const isFull = chance(0.15);
    const crowd = pick([rooms, rooms.slice(0, 1), [pick(rooms)]]);
    const batch = [];
    for (let left = pick([1, 3, 10, 60, 150]); left > 0; left -= 1) {
      const room = pick(crowd);
      const publication = choose(room);
      const id = String(publication.key?.id);
      if (chance(0.03) && !room.published.some(({ key }) => key?.id === id)) {
        room.junk.add(id);
        await redis.command('LPUSH', `trunkline:{${room.name}}:seen:u2:u1${id}`, 'junk');
      }
      room.published.push(publication);
      batch.push({ room, publication });
    }
    if (isFull) await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    const expected = batch.map(({ room, publication }) => ({
      answer: room.publish(publication, isFull),
      life: `${room.name} ${room.life}`,
    }));
    const outcomes = Promise.allSettled(batch.map(async ({ publication }) => broker.publish(publication)));
    if (chance(0.2)) await redis.command('SCRIPT', 'FLUSH');
    for (const [index, outcome] of (await outcomes).entries()) {
      const { answer = {}, life = '' } = expected[index] ?? {};
      expect(outcome, `step ${step}, publish ${index}`).toMatchObject(answer);
      if (outcome.status === 'rejected' || outcome.value.status === 'conflict') continue;
      const { epoch } = outcome.value;
      if (!epochs.has(life)) expect([...epochs.values()]).not.toContain(epoch);
      epochs.set(life, epochs.get(life) ?? epoch);
      expect(epoch, `step ${step}, publish ${index}`).toBe(epochs.get(life));
    }
    if (isFull) await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    for (const room of new Set(crowd)) if (room.meta === 'whole') await compare(room, broker, `step ${step}`);
  }
  for (const { name, appended } of rooms) {
    await eventually(() => {
      const heard = node.recorder.heard.filter(({ room }) => room === name).map(({ event }) => event);
      expect(heard.map(({ offset, id }) => `${offset} ${id}`)).toEqual(appended);
      return true;
    });
  }
});

interface Scene {
  readonly redis: RedisServer;
  readonly broker: Broker;
  readonly epochs: ReadonlyMap<string, string>;
}

/** What others do to a room between two publishes. */
async function disturb(room: ModelRoom, what: (typeof MISCHIEF)[number], { redis, broker, epochs }: Scene) {
  const [log, meta] = [`trunkline:{${room.name}}:log`, `trunkline:{${room.name}}:meta`];
  const epoch = epochs.get(`${room.name} ${room.life}`);
  if (what === 'forget scripts') await redis.command('SCRIPT', 'FLUSH');
  if (what === 'purge') {
    await broker.purge(room.name);
    room.restart();
  }
  if (what === 'lose meta') {
    await redis.command('DEL', meta);
    room.meta = 'lost';
  }
  if (what === 'tear meta') {
    await redis.command('HDEL', meta, room.life % 2 === 0 ? 'epoch' : 'offset');
    room.meta = 'lost';
  }
  if (room.meta !== 'whole') return;
  if (what === 'bump' && epoch !== undefined) {
    await broker.bumpEpoch(room.name, epoch);
    room.life += 1;
    room.born = room.offset;
  }
  if (what === 'lose log') {
    await redis.command('DEL', log);
    room.length = 0;
  }
  if (what === 'rewind meta' && room.length > 0 && room.log.ttlMs > 1_000) {
    await redis.command('HSET', meta, 'offset', String(Math.floor(room.offset / 2)));
    room.meta = 'behind';
  }
}

/** Dense to the head, bounded exactly, and what was removed last is known. */
async function compare({ name, offset, born, ids, length, log }: ModelRoom, broker: Broker, step: string) {
  const page = await broker.read(name, { limit: 1_000 });
  const { entries, head, trimmed } = page;
  expect(head, step).toMatchObject({ offset, lastId: ids[offset] });
  expect(page.born, step).toEqual({ offset: born, id: ids[born] });
  if (log.ttlMs > 1_000) expect(entries.length, step).toBe(length);
  else expect(entries.length, step).toBeLessThanOrEqual(length);
  const removed = offset - entries.length;
  expect(entries.map((entry) => [entry.offset, entry.id])).toEqual(
    entries.map((_, index) => [removed + index + 1, ids[removed + index + 1]]),
  );
  expect(trimmed, step).toEqual({ offset: removed, id: ids[removed] });
}
