import { eventually, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { startWholeServer } from './start-server.js';

const overview = z.object({
  nodes: z.array(z.looseObject({ nodeId: z.string(), readiness: z.looseObject({ status: z.string() }) })),
});

it('the dashboard of any node shows every process that lives, and while Redis is away that node alone, degraded', async () => {
  await using redis = await startRedis();
  await using one = await startWholeServer({ REDIS_URL: redis.url });
  const two = await startWholeServer({ REDIS_URL: redis.url });
  const headers = { 'x-trunkline-admin': '1', 'content-type': 'application/json' };
  const body = JSON.stringify({ token: await one.tokenFor('boss', 'admin') });
  const signedIn = await fetch(`${one.url}/admin/login`, { method: 'POST', headers, body });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const nodes = async () => {
    const answer = await fetch(`${one.url}/admin/api/overview`, { headers: { cookie } });
    return overview.parse(await answer.json()).nodes.map(({ nodeId, readiness }) => `${nodeId} ${readiness.status}`);
  };
  const [first, second] = [one.hub.status().nodeId, two.hub.status().nodeId];
  await eventually(async () => expect(await nodes()).toEqual([`${first} ok`, `${second} ok`].sort()), {
    timeoutMs: 15_000,
  });

  await two.close();
  await eventually(async () => expect(await nodes()).toEqual([`${first} ok`]), { timeoutMs: 15_000 });
  await redis.kill();
  await eventually(async () => expect(await nodes()).toEqual([`${first} degraded`]), { timeoutMs: 15_000 });
});
