import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connectRaw, createTokenSigner, startRedis } from '@trunkline/testkit';
import { afterEach, expect, test, vi } from 'vitest';

const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';
const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

afterEach(() => vi.unstubAllEnvs());

test("the README's programs are the fixtures, to the letter", async () => {
  const [shop, nodes] = await Promise.all([read('fixtures/readme-shop.ts'), read('fixtures/readme-nodes.ts')]);
  const blocks = [...(await read('../README.md')).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(blocks).toEqual([shop, nodes.slice(nodes.indexOf('export const hub'))]);
});

test("the README's server shows its page, asks the client back and tells the room; its node keeps the log in Redis", async () => {
  vi.stubEnv('JWT_SECRET', SECRET);
  vi.stubEnv('PORT', '0');
  const { hub, server } = await import('./fixtures/readme-shop.js');
  if (!server.listening) await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await (await fetch(`http://${host}/`)).text()).toBe('a page of mine\n');
  await using ann = await connectRaw({ url: `ws://${host}/v1/connect` });
  await ann.hello({ token: createTokenSigner(SECRET)('ann') });
  await ann.join('order:7');
  ann.send({ type: 'request', id: 'q1', action: 'ship', data: { order: '7' } });
  const call = await ann.nextOf('call');
  expect(call).toMatchObject({ method: 'confirm', data: { order: '7' } });
  ann.send({ type: 'result', id: 'r1', of: call.id, data: true });
  expect(await ann.nextOf('event')).toMatchObject({ room: 'order:7', event: 'status', data: { status: 'sent' } });
  expect(await ann.nextOf('response')).toMatchObject({ id: 'q1', data: true });
  await ann.close();
  await hub.close();
  server.closeAllConnections();
  server.close();

  await using redis = await startRedis();
  vi.stubEnv('REDIS_URL', redis.url);
  const { hub: node } = await import('./fixtures/readme-nodes.js');
  await node.start();
  await node.publish({ rooms: ['order:7'], event: 'status', data: { status: 'packed' } });
  expect(await redis.command('KEYS', '*{order:7}*')).not.toEqual([]);
  await node.close();
});
