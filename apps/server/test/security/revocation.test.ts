import { connectRaw, eventually, startRedis } from '@trunkline/testkit';
import { expect, it } from 'vitest';
import { fieldsOf } from '../start-api.js';
import { startWholeServer } from '../start-server.js';

it('answers 202 to a revocation while Redis is away, acts here at once, and records it when Redis is back (S13)', async () => {
  await using redis = await startRedis();
  await using server = await startWholeServer({ REDIS_URL: redis.url });
  const status = async () => (await fieldsOf(await fetch(`${server.url}/readyz`))).status;
  await eventually(async () => (await status()) === 'ready' || (await fetch(`${server.url}/readyz`)).ok);
  const authorization = `Bearer ${await server.tokenFor('boss', 'admin')}`;
  const revoke = (subject: string) =>
    fetch(`${server.url}/v1/tokens/revoke`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ subject }),
    });
  expect((await revoke('ann')).status).toBe(204);
  await using ben = await connectRaw({ url: server.socketUrl });
  await ben.hello({ token: await server.tokenFor('ben') });
  await redis.kill();
  await eventually(async () => (await status()) === 'degraded', { timeoutMs: 8_000 });
  const pending = await revoke('ben');
  expect(pending.status).toBe(202);
  expect(await fieldsOf(pending)).toEqual({ status: 'pending' });
  expect((await ben.closed).code).toBe(4102);
  // It kept nothing: both are learned from this node.
  await redis.start();
  await eventually(async () => (await redis.command('HLEN', 'trunkline:session-ends')) === 2, { timeoutMs: 8_000 });
});
