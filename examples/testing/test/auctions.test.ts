import type { AnyRoomEvent, Room } from '@trunkline/client';
import { expect, test } from 'vitest';
import type { contract } from '../src/auctions.js';
import { serve } from './serve.js';

type Auction = Room<typeof contract, 'auction'>;

/** The next so many events of a room; every wait in a test is for something, never for a time. */
async function next(room: Auction, count: number): Promise<string[]> {
  const heard: AnyRoomEvent<typeof contract, 'auction'>[] = [];
  for await (const event of room.events()) if (heard.push(event) === count) break;
  return heard.map(({ data }) => `${data.bidder} ${data.amount}`);
}

test('a bid leads, and everybody in the auction is told', async () => {
  await using served = await serve();
  const [ann, ben] = [served.client('ann'), served.client('ben')];
  const room = ben.room('auction', 'vase');
  await room.join();
  const told = next(room, 2);
  expect(await ann.request('bid', { auction: 'vase', amount: 5 })).toBe(6);
  expect(await ben.request('bid', { auction: 'vase', amount: 7 })).toBe(8);
  expect(await told).toEqual(['ann 5', 'ben 7']);
});

test('a bid that is too low is refused in words for its bidder', async () => {
  await using served = await serve();
  const ann = served.client('ann');
  await ann.request('bid', { auction: 'vase', amount: 5 });
  await expect(ann.request('bid', { auction: 'vase', amount: 5 })).rejects.toMatchObject({
    code: 'outbid',
    message: 'Bid at least 6.',
  });
  await expect(ann.request('bid', { auction: 'vase', amount: -1 })).rejects.toMatchObject({
    code: 'invalid_data',
    path: 'data.amount',
  });
});

test('nobody but the auction itself publishes bids', async () => {
  await using served = await serve();
  const room = served.client('eve').room('auction', 'vase');
  await room.join();
  await expect(room.publish('bid', { bidder: 'ann', amount: 1_000 })).rejects.toMatchObject({ code: 'forbidden' });
});

test('a client that lost its connection hears what it missed, once and in order', async () => {
  await using served = await serve();
  const room = served.client('ben').room('auction', 'vase');
  await room.join();
  const told = next(room, 3);
  for (const amount of [1, 2, 3]) {
    served.cut();
    await served.hub.publish({ rooms: ['auction:vase'], event: 'bid', data: { bidder: 'ann', amount } });
  }
  expect(await told).toEqual(['ann 1', 'ann 2', 'ann 3']);
});
