import { freePort, runProgram } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { answering } from './answering.js';

const SECRET = 'a-secret-of-at-least-32-bytes-for-examples';
const built = (name: string) => new URL(`../dist/${name}.js`, import.meta.url);

test('the client logs in over HTTP, is quoted a price, and hears that its order was sent', async () => {
  const port = await freePort();
  const shop = `http://127.0.0.1:${port}`;
  await using server = runProgram(built('server'), { JWT_SECRET: SECRET, PORT: String(port) });
  await answering(shop);
  await using client = runProgram(built('client'), { SHOP_URL: shop });
  expect({ code: await client.exited, said: client.output().trim().split('\n') }).toEqual({
    code: 0,
    said: ['priced tea', 'priced cup', 'that makes 10', 'order 7 is sent (offset 1)'],
  });
  expect(server.output()).toBe('');
});
