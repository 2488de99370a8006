import { eventually, readCodeBlocks } from '@trunkline/testkit';
import { launchChromium } from '@trunkline/testkit/browser';
import type { Socket } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import { actionsDialect, actionsService, type Update } from '../../src/actions/index.js';
import { clientMessages, serverMessageSchema } from '../../src/actions/schema.js';
import { expectCaptured, type Step } from '../support/fixture.js';
import { bundleSnippet, fillIn, type RunningSnippet, runSnippet } from '../support/run-snippet.js';
import { serveSite } from '../support/serve-site.js';
import { type StartedHub, startHub } from '../support/start-hub.js';

const document = await readCodeBlocks(new URL('../snippets/actions.md', import.meta.url));
const CLIENT = document.under('Client Integration Example > JavaScript/TypeScript');
const ACME = { company_id: 'acme' };
const update: Update = { type: 'UPDATE', requestId: 'u-1', action: 'artifactUpdate', data: { n: 1 } };

/** Its backend answers with what it was asked, after a word of progress. */
const start = (allowedOrigins: readonly string[] = []) =>
  startHub([actionsDialect({ allowedOrigins })], {
    allowedOrigins,
    forwardAction: async ({ action, data, progress }) => {
      progress({ percent: 50 });
      return { action, data };
    },
  });

/** The document's own names for what its reader has: a host, a token, a session, an artifact. */
const client = async (served: StartedHub) =>
  fillIn(CLIENT, {
    'ws://your-domain': `ws://127.0.0.1:${served.port}`,
    'your-jwt-token': await served.token('alice', ACME),
  });

describe('the fields of the document’s message types', () => {
  const fieldsOf = (text: string) => [...text.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field).sort();
  test('are those of a REQUEST', () => {
    expect(Object.keys(clientMessages.REQUEST.shape).sort()).toEqual(fieldsOf(document.under('Request Message')));
  });
  test('are those of the answers', () => {
    const fields = serverMessageSchema.options.flatMap((option) => Object.keys(option.shape));
    expect([...new Set(fields)].sort()).toEqual(fieldsOf(document.under('Response Message')));
  });
});

// A client of version 2 has no `auth`, which the document wants: what a reader with one must write around it.
const V2 = `import io2 from 'socket.io-client-v2';
export const io = (url, { auth, query, ...options }) => io2(url, { ...options, query: { ...query, ...auth } });`;

test.each([
  ['4', {}],
  ['2, with its token in the query,', { 'node_modules/socket.io-client/index.js': V2 }],
])('the client’s code runs as it stands on socket.io-client %s', async (_, files) => {
  await using served = await start();
  await using running = await runSnippet(await client(served), { files, exports: ['socket'] });
  await seesEverything(served, running);
  (running.exports.socket as Socket).disconnect();
  await eventually(() => running.log.at(-1)?.[0] === 'Disconnected from WebSocket server');
});

/** The request that the code sends is answered, and an update of its artifact arrives. */
async function seesEverything(served: StartedHub, { log }: Pick<RunningSnippet, 'log'>): Promise<void> {
  await eventually(() => log.some(([line]) => line === 'Received response:'));
  await actionsService(served.hub).sendUpdate('acme', update, 'optional-artifact-id');
  await eventually(() => log.length === 4);
  const said = { requestId: expect.stringMatching(/^\d{13}$/), action: 'someAction' };
  expect(log).toEqual([
    ['Connected to WebSocket server'],
    ['Received update:', { type: 'UPDATE', ...said, data: { percent: 50 } }],
    ['Received response:', { type: 'RESPONSE', ...said, data: { action: 'someAction', data: { key: 'value' } } }],
    ['Received update:', update],
  ]);
}

test('the client’s frames are those of the fixture', async () => {
  await using served = await startHub([actionsDialect()]);
  served.hub.handle('echo', (input) => input);
  const steps: Step[] = [];
  const code = (await client(served)).replace('someAction', 'echo');
  await using running = await runSnippet(code, { exports: ['socket'] });
  const socket = running.exports.socket as Socket;
  socket.onAnyOutgoing((_, text) => steps.push({ client: JSON.parse(text) }));
  socket.onAny((_, text) => steps.push({ server: JSON.parse(text) }));
  await eventually(() => running.log.some(([line]) => line === 'Received response:'));
  const { type: _, ...data } = update;
  await actionsService(served.hub).sendUpdate('acme', update);
  steps.push({ service: { event: 'update', data } });
  await eventually(() => running.log.some(([line]) => line === 'Received update:'));
  socket.disconnect();
  await expectCaptured('actions', 'client.json', {
    title: 'the document’s client asks and hears an update',
    origin:
      'Captured: what the document’s client emitted and heard, run as it stands on socket.io-client 4 but for the name of its action.',
    steps,
  });
  await eventually(() => running.log.at(-1)?.[0] === 'Disconnected from WebSocket server');
});

test('the client’s code runs as it stands in Chromium, by polling and then WebSocket', async () => {
  await using site = await serveSite();
  await using served = await start([site.origin]);
  const browser = await launchChromium({ hosts: { 'your-domain:80': served.port } });
  try {
    const page = await browser.newPage();
    const log: unknown[][] = [];
    page.on('console', async (message) =>
      log.push(await Promise.all(message.args().map((value) => value.jsonValue()))),
    );
    await page.goto(site.origin);
    const code = fillIn(CLIENT, { 'your-jwt-token': await served.token('alice', ACME) });
    await page.addScriptTag({ content: await bundleSnippet(code, ['socket']) });
    await seesEverything(served, { log });
    await eventually(async () => (await page.evaluate('socket.io.engine.transport.name')) === 'websocket');
  } finally {
    await browser.close();
  }
});

test('the client’s code shows a refused connection', async () => {
  await using served = await start();
  const code = fillIn(CLIENT, { 'ws://your-domain': `ws://127.0.0.1:${served.port}` });
  await using running = await runSnippet(code, { exports: ['socket'] });
  await eventually(() => running.log.length === 1);
  expect(running.log[0]).toEqual(['Connection error:', expect.objectContaining({ data: expect.anything() })]);
});

/** What the document's service is to its other code. */
const serviceOf = (served: StartedHub) => ({ sendUpdate: actionsService(served.hub).sendUpdate });

test('the server’s code runs as it stands over actionsService', async () => {
  await using served = await start();
  await using running = await runSnippet(await client(served), { exports: ['socket'] });
  await eventually(() => running.log.some(([line]) => line === 'Received response:'));
  await using server = await runSnippet(document.under('Using the WebSocket Service'), {
    files: {
      '../services/websocket.service.ts': 'export const getWebSocketService = () => globalThis.webSocketService;',
    },
    globals: { webSocketService: serviceOf(served) },
    beside: running,
    exports: ['sendCompanyUpdate', 'sendArtifactUpdate'],
  });
  const { sendCompanyUpdate, sendArtifactUpdate } = server.exports as Record<string, (...args: unknown[]) => void>;
  sendCompanyUpdate?.('acme', { n: 1 });
  sendArtifactUpdate?.('acme', 'optional-artifact-id', { n: 2 });
  const heard = (action: string) =>
    eventually(() => running.log.find((line) => JSON.stringify(line).includes(action))?.[1]);
  expect(await heard('companyUpdate')).toMatchObject({ type: 'UPDATE', data: { n: 1 } });
  expect(await heard('artifactUpdate')).toMatchObject({ type: 'UPDATE', data: { n: 2 } });
  (running.exports.socket as Socket).disconnect();
  await eventually(() => running.log.at(-1)?.[0] === 'Disconnected from WebSocket server');
});

test('the use cases, which parse every message as text, run as they stand', async () => {
  await using served = await start();
  await using running = await runSnippet(await client(served), { exports: ['socket'] });
  const socket = running.exports.socket as Socket;
  await eventually(() => running.log.some(([line]) => line === 'Received response:'));
  const seen: unknown[] = [];
  const see = (message: unknown) => void seen.push(message);
  const globals = { socket, wsService: serviceOf(served), companyId: 'acme', updateUI: see, handleResponse: see };
  const [realTime = '', execution = ''] = document.all
    .filter(({ section }) => section.endsWith('Example Use Cases'))
    .map(({ text }) => text);
  await using _ = await runSnippet(realTime, { globals, beside: running });
  await eventually(() => seen.length === 1);
  expect(seen).toEqual([{ status: 'completed' }]);
  await using __ = await runSnippet(execution, { globals, beside: running });
  await eventually(() => seen.length === 3);
  expect(seen.slice(1)).toMatchObject([
    { type: 'UPDATE', requestId: 'req-1', data: { percent: 50 } },
    { type: 'RESPONSE', requestId: 'req-1', data: { action: 'processData', data: { input: 'value' } } },
  ]);
  socket.disconnect();
  await eventually(() => running.log.at(-1)?.[0] === 'Disconnected from WebSocket server');
});
