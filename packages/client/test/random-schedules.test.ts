import { setTimeout as pause } from 'node:timers/promises';
import { createRandom, eventually, type FaultProxy, freePort, startFaultProxy, watchLeaks } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { openClient, type TestClient } from './support/open-client.js';
import { type StartedServer, startServer, urlOf } from './support/start-server.js';
import { createSurvivingBroker } from './support/surviving-broker.js';

const LONG = process.env.TRUNKLINE_LONG !== undefined;
const FIRST_SEED = Number(process.env.TRUNKLINE_SEED ?? 1);
const SEEDS = LONG ? 1_000 : process.env.TRUNKLINE_SEED === undefined ? 24 : 1;
const AT_ONCE = 6;
const STEPS = 40;
const ROOMS = ['lobby:a', 'lobby:b'] as const;

interface Player {
  readonly client: TestClient;
  readonly proxy: FaultProxy;
  /** What the application got, per room. */
  readonly got: Map<string, { readonly offset: number; readonly text: string }[]>;
  readonly gaps: unknown[];
  stale: boolean;
}

test(`${SEEDS} random schedules end with every promise settled, nothing lost, nothing twice, order kept`, {
  timeout: LONG ? 3_600_000 : 120_000,
}, async () => {
  await using _leaks = watchLeaks();
  for (let first = FIRST_SEED; first < FIRST_SEED + SEEDS; first += AT_ONCE) {
    const seeds = Array.from({ length: Math.min(AT_ONCE, FIRST_SEED + SEEDS - first) }, (_, n) => first + n);
    await Promise.all(
      seeds.map(async (seed) => {
        try {
          await play(seed);
        } catch (error) {
          throw new Error(`TRUNKLINE_SEED=${seed} fails: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          });
        }
      }),
    );
  }
});

async function play(seed: number): Promise<void> {
  const random = createRandom(seed);
  const broker = await createSurvivingBroker();
  const port = await freePort();
  const start = () => startServer({ broker: broker.forHub(), port });
  let server: StartedServer = await start();
  const players = await Promise.all(['ann', 'bob', 'watch'].map((name) => join(name)));
  const [ann, bob, watch] = players as [Player, Player, Player];

  async function join(name: string): Promise<Player> {
    const proxy = await startFaultProxy({ targetPort: port });
    const got = new Map<string, { offset: number; text: string }[]>(ROOMS.map((room) => [room, []]));
    const gaps: unknown[] = [];
    const client = openClient({
      url: urlOf(proxy.port),
      backoff: { baseMs: 10, capMs: 100 },
      random: random.next,
      token: async () => {
        const stale = player.stale;
        player.stale = false;
        return stale ? 'not-a-token' : await server.token(name, 2);
      },
    });
    const player: Player = { client, proxy, got, gaps, stale: false };
    client.on('gap', (gap) => gaps.push(gap));
    for (const room of ROOMS) {
      client.room(room).on('message', ({ offset = 0, data }) => got.get(room)?.push({ offset, text: data.text }));
    }
    return player;
  }

  /** A test that only runs out of time does not say what it waited for. */
  async function inTime<T>(what: string, work: PromiseLike<T>): Promise<T> {
    const states = () => JSON.stringify(players.map(({ client }) => [client.state, client.queue.status]));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: not within 40 s; ${states()}`)), 40_000);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  const sent = new Map<string, string[]>(ROOMS.map((room) => [room, []]));
  const published: Promise<unknown>[] = [];
  const others: Promise<unknown>[] = [];
  await inTime('the first joins', Promise.all(ROOMS.map((room) => watch.client.room(room).join())));

  for (let step = 0; step < STEPS; step++) {
    const player = random.pick([ann, bob, watch]);
    const author = random.pick([ann, bob]);
    const room = random.pick(ROOMS);
    switch (random.below(12)) {
      case 0:
        player.proxy.rstAll();
        break;
      case 1:
        player.proxy.cut();
        break;
      case 2:
        player.proxy.cutAfter(random.pick(['up', 'down']), 1 + random.below(600));
        break;
      case 3:
        player.proxy.blackhole('down');
        await pause(random.below(20));
        player.proxy.rstAll();
        player.proxy.heal();
        break;
      case 4:
        others.push(
          author.client
            .room(room)
            .join()
            .catch((error) => error),
        );
        break;
      case 5:
        others.push(author.client.room(room).leave());
        break;
      case 6:
        player.stale = true;
        break;
      case 7:
        if (random.below(3) > 0) break;
        await inTime('the server closes', server[Symbol.asyncDispose]());
        await pause(random.below(30));
        server = await inTime('the server starts', start());
        break;
      case 8:
        player.proxy.refuseNext(1 + random.below(3));
        player.proxy.rstAll();
        break;
      default:
        for (let n = random.below(4); n >= 0; n--) {
          const name = author === ann ? 'ann' : 'bob';
          const text = `${name} ${step}.${n}`;
          sent.get(room)?.push(text);
          published.push(author.client.room(room).publish('message', { text }));
        }
    }
    await pause(random.below(25));
  }

  for (const { proxy } of players) proxy.heal();
  await inTime('publishes settle', Promise.all(published));
  await inTime('joins and leaves settle', Promise.all(others));
  for (const room of ROOMS) {
    const wanted = sent.get(room) ?? [];
    const got = watch.got.get(room) ?? [];
    await eventually(() => got.length >= wanted.length);
    expect(
      got.map(({ offset }) => offset),
      'every offset, once, in order',
    ).toEqual(wanted.map((_, index) => index + 1));
    for (const name of ['ann', 'bob']) {
      const of = (texts: readonly string[]) => texts.filter((text) => text.startsWith(name));
      expect(of(got.map(({ text }) => text)), `${name}'s own order`).toEqual(of(wanted));
    }
    for (const { got: seen } of [ann, bob]) {
      const offsets = (seen.get(room) ?? []).map(({ offset }) => offset);
      expect(offsets, 'no event twice or out of order').toEqual(
        [...new Set(offsets)].sort((one, other) => one - other),
      );
    }
  }
  expect(watch.gaps).toEqual([]);
  expect(players.map(({ client }) => client.queue.status.length)).toEqual([0, 0, 0]);
  for (const { client, proxy } of players) {
    await inTime('a client closes', client.close());
    await proxy[Symbol.asyncDispose]();
  }
  await inTime('the server closes at the end', server[Symbol.asyncDispose]());
  await broker.close();
}
