import { startRedis } from '@trunkline/testkit';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { createRedisTicketStore, createTickets } from '../../src/auth/index.js';
import type { Principal } from '../../src/seams/authenticator.js';

const principal: Principal = { userId: 'u1', roles: ['admin'], rooms: [], claims: { sub: 'u1' }, expiresAt: 5_000 };

it('are redeemed once over all nodes, end by themselves, and leave no token in Redis (S17)', async () => {
  await using redis = await startRedis();
  const [here, there] = [new Redis(redis.url), new Redis(redis.url)];
  try {
    const [first, second] = [here, there].map((commands) =>
      createTickets(createRedisTicketStore({ commands, prefix: 'test' })),
    );
    const { ticket } = (await first?.issue(principal)) ?? { ticket: '' };
    const [key = ''] = await here.keys('*');
    expect(key).toMatch(/^test:ticket:/);
    expect(key).not.toContain(ticket.slice(4));
    expect(await here.pttl(key)).toBeGreaterThan(29_000);
    const results = await Promise.allSettled([first?.redeem(ticket), second?.redeem(ticket)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await here.keys('*')).toEqual([]);
  } finally {
    here.disconnect();
    there.disconnect();
  }
});

it('are unavailable, not invalid, while Redis is away', async () => {
  const commands = new Redis({
    host: '127.0.0.1',
    port: 1,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  commands.on('error', () => undefined);
  const tickets = createTickets(createRedisTicketStore({ commands, prefix: 'test' }));
  await expect(tickets.redeem(`tkt_${'a'.repeat(43)}`)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  await expect(tickets.issue(principal)).rejects.toMatchObject({ code: 'unavailable' });
  commands.disconnect();
});
