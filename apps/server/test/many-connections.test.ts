import { monitorEventLoopDelay } from 'node:perf_hooks';
import { eventually, startCrowd, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { startWholeServer } from './start-server.js';

const LONG = process.env.LONG !== undefined;
const CONNECTIONS = LONG ? 10_000 : 300;
const ROOMS = CONNECTIONS / 4;
const PAGE = LONG ? 500 : 30;
const MOST_DELAY_MS = 20;
const PASSES = LONG ? 9 : 1;

async function listAll(environment: Record<string, string>): Promise<string> {
  await using server = await startWholeServer({
    MAX_CONNECTIONS_PER_ADDRESS: String(2 * CONNECTIONS),
    ...environment,
  });
  await eventually(async () => (await fetch(`${server.url}/readyz`)).status === 200);
  await using crowd = startCrowd();
  const tokens = await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => server.tokenFor(`user-${index}`)));
  const rooms = Array.from({ length: ROOMS }, (_, index) => `lobby:${index}`);
  await crowd.open({ url: `${server.socketUrl}/v1/connect`, tokens, rooms });
  await eventually(async () => (await server.hub.roster.count()) === CONNECTIONS);
  // With Redis the rows of rooms come a moment after those of connections.
  await eventually(async () => (await server.hub.roster.rooms({ limit: 1, prefix: rooms.at(-1) ?? '' })).items.length);

  const token = await server.tokenFor('boss', 'admin');
  const list = (name: string, query: string) =>
    crowd.list({ url: `${server.url}/websocket/${name}?${query}`, token, name });
  const delays: number[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const connections = await list('connections', `limit=${PAGE}`);
    const found = await list('rooms', `limit=${PAGE}`);
    const one = await list('connections', `limit=${PAGE}&prefix=user-${CONNECTIONS - 1}`);
    delay.disable();
    delays.push(delay.max / 1e6);
    expect(connections).toMatchObject({ distinct: CONNECTIONS, longest: PAGE, pages: Math.ceil(CONNECTIONS / PAGE) });
    expect(found).toMatchObject({ distinct: ROOMS, longest: PAGE, pages: Math.ceil(ROOMS / PAGE) });
    expect(one).toEqual({ distinct: 1, longest: 1, pages: 1 });
  }
  // What else the machine does meets some of the passes, never most of them.
  const median = delays.toSorted((a, b) => a - b)[PASSES >> 1] ?? Number.NaN;
  if (LONG) expect(median).toBeLessThan(MOST_DELAY_MS);
  return `${CONNECTIONS} connections listed ${PASSES} times: longest event loop delay ${delays.map((ms) => ms.toFixed(1)).join(', ')} ms`;
}

it('lists every connection once, page by page, without Redis', async ({ annotate }) => {
  await annotate(await listAll({}));
});

it('lists every connection once, page by page, with Redis', async ({ annotate }) => {
  await using redis = await startRedis();
  await annotate(await listAll({ REDIS_URL: redis.url }));
});
