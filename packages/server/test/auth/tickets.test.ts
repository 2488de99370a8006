import { expect, it } from 'vitest';
import { createMemoryTicketStore, createTickets, withTickets } from '../../src/auth/index.js';
import type { Principal } from '../../src/seams/authenticator.js';

const principal: Principal = { userId: 'u1', roles: ['admin'], rooms: [], claims: { sub: 'u1' }, expiresAt: 5_000 };

it('stands in for a token once (S17)', async () => {
  const tickets = createTickets();
  const { ticket, expiresIn } = await tickets.issue(principal);
  expect(expiresIn).toBe(30);
  expect(await tickets.redeem(ticket)).toEqual(principal);
  await expect(tickets.redeem(ticket)).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('ends after 30 seconds', async () => {
  let now = 0;
  const tickets = createTickets(createMemoryTicketStore({ now: () => now }));
  const { ticket } = await tickets.issue(principal);
  now = 30_000;
  await expect(tickets.redeem(ticket)).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('has one winner when it is used twice at once', async () => {
  const tickets = createTickets();
  const { ticket } = await tickets.issue(principal);
  const results = await Promise.allSettled([tickets.redeem(ticket), tickets.redeem(ticket)]);
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

it.each(['', 'tkt_', 'tkt_x', `tkt_${'a'.repeat(43)}`, `tkt_${'a'.repeat(10_000)}`])('refuses %s', async (ticket) => {
  await expect(createTickets().redeem(ticket)).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('keeps a bounded number of them', async () => {
  const tickets = createTickets(createMemoryTicketStore({ capacity: 2 }));
  const issued = [await tickets.issue(principal), await tickets.issue(principal), await tickets.issue(principal)];
  const results = await Promise.allSettled(issued.map(({ ticket }) => tickets.redeem(ticket)));
  expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

it('passes tokens on to the authenticator', async () => {
  const tickets = createTickets();
  const authenticator = withTickets({ authenticate: async () => ({ ...principal, userId: 'by token' }) }, tickets);
  expect(await authenticator.authenticate('eyJ')).toMatchObject({ userId: 'by token' });
  expect(await authenticator.authenticate((await tickets.issue(principal)).ticket)).toMatchObject({ userId: 'u1' });
});
