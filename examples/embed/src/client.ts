import { createClient } from '@trunkline/client';
import WebSocket from 'ws';
import type { ShopContract } from './contract.js';

const shop = process.env.SHOP_URL ?? 'http://127.0.0.1:8080';
const post = (path: string) => fetch(new URL(path, shop), { method: 'POST' });

await post('/orders/7');
const client = createClient<ShopContract>({
  url: new URL('/v1/connect', shop).href.replace('http', 'ws'),
  // Asked again whenever a fresh one is needed.
  token: async () => (await post('/login/ann')).text(),
  WebSocket,
});

const order = client.room('order', '7');
const sent = new Promise<void>((resolve) => {
  order.on('status', ({ data, offset }) => {
    console.log(`order 7 is ${data.status} (offset ${offset})`);
    resolve();
  });
});
await order.join();
const { total } = await client.request(
  'quote',
  { items: ['tea', 'cup'] },
  {
    onProgress: ({ priced }) => console.log(`priced ${priced}`),
  },
);
console.log(`that makes ${total}`);
await post('/ship/7');
await sent;
await client.close();
