import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { canonicalDialect, type Dialect } from '@trunkline/server';
import { createFrameQueue } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectSdk } from './support/clients.js';
import { startHub } from './support/start-hub.js';

// Beside the other tests, so that its imports are found.
const HERE = fileURLToPath(new URL('.', import.meta.url));
let source = '';
let directory = '';
let telegraphDialect: () => Dialect;

beforeAll(async () => {
  const page = await readFile(new URL('../../../docs/dialects.md', import.meta.url), 'utf8');
  source = /```ts\n(\/\/ packages\/dialects\/src\/telegraph[\s\S]*?)```/.exec(page)?.[1] ?? '';
  directory = await mkdtemp(`${HERE}built-`);
  await writeFile(`${directory}/telegraph.ts`, source);
  const module: { telegraphDialect: () => Dialect } = await import(`${directory}/telegraph.ts`);
  telegraphDialect = module.telegraphDialect;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function telegraph(port: number, token: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/telegraph?token=${token}`);
  const lines = createFrameQueue<string>();
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data) => lines.push(String(data)));
  await new Promise((resolve) => socket.once('open', resolve));
  const heard = (line: string | RegExp) =>
    lines.take((one) => (typeof line === 'string' ? one === line : line.test(one)), String(line));
  return { socket, closed, heard };
}

test('docs/dialects.md shows a sixth dialect in under 100 lines', () => {
  expect(source.split('\n').length).toBeGreaterThan(20);
  expect(source.split('\n').length).toBeLessThan(100);
});

test('the sixth dialect meets the SDK in a lobby', async () => {
  await using served = await startHub([canonicalDialect(), telegraphDialect()]);
  const { socket, closed, heard } = await telegraph(served.port, await served.token('alice'));
  await heard('HELLO alice');
  socket.send('JOIN lobby:x');
  await heard('JOINED lobby:x');
  await using sdk = await connectSdk(served, 'bob', ['lobby:x']);
  socket.send('SAY lobby:x good morning');
  expect(await sdk.nextOf('event')).toMatchObject({ data: { text: 'good morning' }, from: { userId: 'alice' } });
  await heard('MSG lobby:x alice good morning');
  await sdk.publish('lobby:x', 'message', { text: 'hello' });
  await heard('MSG lobby:x bob hello');
  socket.send('LEAVE lobby:x');
  await heard('LEFT lobby:x');
  for (const line of ['', '{', 'JOIN', 'JOIN group:secret', 'SHOUT x']) {
    socket.send(line);
    await heard(/^ERR [a-z_]+$/);
  }
  socket.close();
  await closed;
});

test('the sixth dialect refuses a bad token with 1008', async () => {
  await using served = await startHub([telegraphDialect()]);
  const { closed } = await telegraph(served.port, 'x');
  expect(await closed).toBe(1008);
});
