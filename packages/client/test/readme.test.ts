import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalDialect, createHub, createJwtAuthenticator, createTokenIssuer } from '@trunkline/server';
import { createTestServer } from '@trunkline/server/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { contract } from './fixtures/contract.js';

const SECRET = 'a-secret-of-at-least-32-bytes-for-tests';
const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

afterEach(() => vi.unstubAllGlobals());

test('the README’s programs are the fixtures, to the letter', async () => {
  const names = ['readme', 'readme-queue', 'readme-shared-worker', 'readme-tab', 'readme-testing'];
  const fixtures = (await Promise.all(names.map((name) => read(`fixtures/${name}.ts`)))).join('\n');
  const blocks = [...(await read('../README.md')).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  expect(blocks).toHaveLength(6);
  for (const block of blocks) expect(fixtures).toContain(block);
});

test('the README’s stored queue is there before anything is stored', async () => {
  vi.stubGlobal('WebSocket', WebSocket);
  const { client } = await import('./fixtures/readme-queue.js');
  expect([client.state.status, client.queue.items]).toEqual(['idle', []]);
});

test('the README’s recorded session is replayed without its server', async () => {
  vi.stubGlobal('WebSocket', WebSocket);
  const { openRecorded, openReplayed } = await import('./fixtures/readme-testing.js');
  const { recording, ...recorded } = await (async () => {
    await using server = await createTestServer((authenticator) => createHub({ contract, authenticator }));
    const { client, recording } = openRecorded({ url: server.url, token: () => server.token({ userId: 'ann' }) });
    await client.room('lobby:main').join();
    const { offset } = await client.room('lobby:main').publish('message', { text: 'hello' });
    await client.close();
    return { offset, recording: recording() };
  })();
  const { client, pending } = openReplayed(recording);
  await client.room('lobby:main').join();
  expect(await client.room('lobby:main').publish('message', { text: 'hello' })).toMatchObject(recorded);
  expect(pending()).toEqual([]);
  await client.close();
});

test('the README’s program joins, says hello and gets its report', async () => {
  const hub = createHub({
    contract,
    authenticator: createJwtAuthenticator({ secret: SECRET }),
    sessionSecret: SECRET,
  });
  hub.handle('report', async ({ year }, { progress }) => {
    await progress({ percent: 50 });
    return { pages: year };
  });
  await hub.start();
  const http = createServer();
  hub.attach(http, [canonicalDialect()]);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const { token } = await createTokenIssuer({ secret: SECRET, lifetimeSeconds: 60 }).issue({ userId: 'u1' });
  const draw = vi.fn();
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.stubGlobal('draw', draw);
  vi.stubGlobal('reloadEverything', () => {});
  vi.stubGlobal('fetch', async () => new Response(token));
  vi.stubGlobal(
    'WebSocket',
    class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url.replace('wss://example.com', `ws://127.0.0.1:${port}`), protocols);
      }
    },
  );
  const { client, report } = await import('./fixtures/readme.js');
  await vi.waitFor(() => expect(log).toHaveBeenCalledWith(expect.objectContaining({ userId: 'u1' }), 'hello'));
  expect([report, draw.mock.calls]).toEqual([{ pages: 2026 }, [[50]]]);
  await client.close();
  await hub.close();
  http.closeAllConnections();
  http.close();
});
