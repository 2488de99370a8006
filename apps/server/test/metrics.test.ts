import { connectRaw, eventually, startRedis } from '@trunkline/testkit';
import { AggregatorRegistry } from 'prom-client';
import { expect, it } from 'vitest';
import { createMetrics } from '../src/observability/metrics.js';
import { startWholeServer } from './start-server.js';

type Server = Awaited<ReturnType<typeof startWholeServer>>;

/** One figure of /metrics; NaN: it is not there. */
async function figure(server: Server, line: string): Promise<number> {
  const headers = { authorization: `Bearer ${await server.tokenFor('boss', 'admin')}` };
  const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length) ?? Number.NaN);
}

it('counts the rooms that have members, until the last one leaves', async () => {
  await using server = await startWholeServer();
  await using client = await connectRaw({ url: server.socketUrl });
  await client.hello({ token: await server.tokenFor('ann') });
  await client.join('lobby:hall');
  await client.join('lobby:yard');
  expect(await figure(server, 'trunkline_rooms')).toBe(2);
  await client.close();
  await eventually(async () => (await figure(server, 'trunkline_rooms')) === 0);
});

it('shows the bytes that wait for a peer who does not read, and forgets them with it', async () => {
  await using server = await startWholeServer({ MAX_QUEUE_BYTES: String(64 * 1_024 * 1_024) });
  await using reader = await connectRaw({ url: server.socketUrl });
  await reader.hello({ token: await server.tokenFor('ann') });
  await reader.join('lobby:hall');
  expect(await figure(server, 'trunkline_queue_bytes')).toBe(0);
  reader.socket.pause();
  const text = 'x'.repeat(200_000);
  await eventually(async () => {
    await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data: { text } });
    return (await figure(server, 'trunkline_queue_bytes')) > 200_000;
  });
  reader.terminate();
  await eventually(async () => (await figure(server, 'trunkline_queue_bytes')) === 0);
});

it('has no label of a code that a peer made up', async () => {
  await using server = await startWholeServer();
  const closed = 'trunkline_connections_closed_total{dialect="trunkline.v1",code=';
  for (const code of [3000, 4321, 4999, 4000, 1000]) {
    await using client = await connectRaw({ url: server.socketUrl });
    await client.hello({ token: await server.tokenFor('ann') });
    client.socket.close(code);
    await client.closed;
  }
  await eventually(async () => expect(await figure(server, `${closed}"other"}`)).toBe(3));
  for (const code of [4000, 1000]) expect(await figure(server, `${closed}"${code}"}`)).toBe(1);
});

it('counts the commands that it sends to Redis, and each time that it connects again', async () => {
  await using redis = await startRedis();
  await using server = await startWholeServer({ REDIS_URL: redis.url });
  await eventually(async () => (await fetch(`${server.url}/readyz`)).status === 200);
  const scripts = await figure(server, 'trunkline_redis_commands_total{command="evalsha"}');
  await server.hub.publish({ rooms: ['lobby:hall'], event: 'message', data: { text: 'hi' } });
  expect(await figure(server, 'trunkline_redis_commands_total{command="evalsha"}')).toBeGreaterThan(scripts);
  expect(await figure(server, 'trunkline_redis_commands_total{command="subscribe"}')).toBeGreaterThan(0);
  await redis.kill();
  await redis.start();
  await eventually(async () => (await figure(server, 'trunkline_broker_events_total{event="reconnected"}')) > 0);
});

it('lets the worst of the workers show, and adds up what is counted', async () => {
  const worker = (isWell: boolean) => {
    const { observer, registry, watch } = createMetrics();
    const status = () => ({ state: isWell ? 'ok' : 'degraded', rooms: 2 }) as ReturnType<Server['hub']['status']>;
    watch({ ready: () => isWell, hub: { status, queuedBytes: () => 3 } });
    observer.connectionOpened?.('canonical');
    observer.canaryAge?.(isWell ? 1 : 12);
    return registry.getMetricsAsJSON();
  };
  const together = AggregatorRegistry.aggregate(await Promise.all([worker(true), worker(false), worker(true)]));
  const text = await together.metrics();
  for (const [name, value] of [
    ['trunkline_ready', 0],
    ['trunkline_degraded', 1],
    ['trunkline_canary_age_seconds', 12],
    ['trunkline_queue_bytes', 9],
    ['trunkline_rooms', 6],
    ['trunkline_connections{dialect="canonical"}', 3],
  ])
    expect(text).toContain(`\n${name} ${value}\n`);
  expect(together.getSingleMetric('trunkline_nodejs_eventloop_lag_p99_seconds')).toMatchObject({ aggregator: 'max' });
});
