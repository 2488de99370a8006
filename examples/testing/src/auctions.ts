import { TrunklineError } from '@trunkline/protocol';
import { defineContract, durable } from '@trunkline/protocol/contract';
import { type Authenticator, createHub, type Hub } from '@trunkline/server';
import { z } from 'zod';

const bid = z.looseObject({ amount: z.int().positive() });

export const contract = defineContract({
  rooms: {
    auction: {
      join: ['user'],
      events: { bid: durable(bid.extend({ bidder: z.string() }), { publish: ['role:service'] }) },
    },
  },
  actions: { bid: { input: bid.extend({ auction: z.string() }), output: z.int() } },
});

/** What is tested: the highest bid leads, its bidder hears what would beat it, and everybody in the room is told. */
export function createAuctions(authenticator: Authenticator): Hub<typeof contract> {
  const hub = createHub({ contract, authenticator });
  const highest = new Map<string, number>();
  hub.handle('bid', async ({ auction, amount }, { principal }) => {
    const atLeast = (highest.get(auction) ?? 0) + 1;
    if (amount < atLeast) throw new TrunklineError('outbid', `Bid at least ${atLeast}.`);
    highest.set(auction, amount);
    await hub.publish({ rooms: [`auction:${auction}`], event: 'bid', data: { bidder: principal.userId, amount } });
    return amount + 1;
  });
  return hub;
}
