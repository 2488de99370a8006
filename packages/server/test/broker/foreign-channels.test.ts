import { eventually, startFaultProxy, startRedis } from '@trunkline/testkit';
import { expect, test as serial } from 'vitest';
import { startNode } from './backends.js';

/** They wait more than they work. */
const test = serial.concurrent;

test('one node holds the lease of foreign channels, every node hears them, and the lease moves when it closes', async () => {
  await using own = await startRedis();
  await using one = await startNode(own.url);
  const two = await startNode(own.url);
  const heard: string[] = [];
  await one.backend.foreign.start((channel, message) => heard.push(`one ${channel} ${JSON.stringify(message)}`));
  await two.backend.foreign.start((channel, message) => heard.push(`two ${channel} ${JSON.stringify(message)}`));
  const holds = () => [one, two].map(({ backend }) => backend.foreign.isHolder());
  await eventually(() => holds().filter(Boolean).length === 1 && two.backend.foreign.isHeard());
  await own.command('PUBLISH', 'booking:status', '{"bookingId":"1"}');
  await own.command('PUBLISH', 'support:message', 'junk');
  await eventually(() => heard.length === 2);
  expect(heard.sort()).toEqual(['one booking:status {"bookingId":"1"}', 'two booking:status {"bookingId":"1"}']);
  await eventually(() => one.counted.includes('junk') && two.counted.includes('junk'));
  const [first] = holds();
  const [holder, other] = first ? [one, two] : [two, one];
  await holder.backend.foreign.close();
  await eventually(() => other.backend.foreign.isHolder(), { timeoutMs: 2_500 });
  await two[Symbol.asyncDispose]();
});

test('a lease that a dead node left counts for nobody, and what came meanwhile is counted by who takes it', async () => {
  await using own = await startRedis();
  await using one = await startNode(own.url, { prefix: 'p' });
  await own.command('SET', 'p:foreign-lease', 'a node that was killed', 'PX', '3000');
  let heard = 0;
  await one.backend.foreign.start(() => heard++);
  expect(one.backend.foreign.isHeard()).toBe(false);
  await own.command('PUBLISH', 'booking:status', '{"bookingId":"1"}');
  await own.command('PUBLISH', 'technician:location', '{"bookingId":"1"}');
  await eventually(() => heard === 2);
  let tooEarly = 0;
  await eventually(() => {
    const isHolder = one.backend.foreign.isHolder();
    if (one.backend.foreign.isHeard() && !isHolder) tooEarly++;
    return isHolder;
  });
  expect(tooEarly).toBe(0);
  expect(one.counted.filter((event) => event === 'foreign_lost')).toHaveLength(1);
});

test('a holder that does not reach Redis is none any more when another takes the lease', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using cut = await startNode(`redis://127.0.0.1:${proxy.port}`);
  await using other = await startNode(redis.url);
  const [one, two] = [cut.backend.foreign, other.backend.foreign];
  await one.start(() => undefined);
  await two.start(() => undefined);
  await eventually(() => one.isHolder() && two.isHeard());
  proxy.blackhole('both');
  let atOnce = 0;
  await eventually(() => {
    if (one.isHolder() && two.isHolder()) atOnce += 1;
    return two.isHolder();
  });
  expect([atOnce, one.isHolder(), two.isHeard()]).toEqual([0, false, true]);
  proxy.heal();
  await eventually(() => one.isHeard());
  expect([one.isHolder(), two.isHolder()]).toEqual([false, true]);
});

test('a node that closes while it asks for the lease leaves none behind and never holds it', async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy({ targetPort: redis.port });
  await using node = await startNode(`redis://127.0.0.1:${proxy.port}`);
  const { foreign } = node.backend;
  const isTaken = async () => (await redis.command('EXISTS', 'trunkline:foreign-lease')) === 1;
  proxy.delay(200);
  const started = foreign.start(() => undefined);
  await eventually(isTaken);
  const closed = foreign.close();
  await started;
  expect(foreign.isHolder()).toBe(false);
  await closed;
  expect(await isTaken()).toBe(false);
});
