import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually, readCodeBlocks } from '@trunkline/testkit';
import { launchChromium } from '@trunkline/testkit/browser';
import { expect, test, vi } from 'vitest';
import { clientMessages, refusalSchema, serverMessageSchema } from '../../src/secureconnect/schema.js';
import { captureFrames } from '../support/capture-frames.js';
import { connectBearer, next, refusal, say } from '../support/clients.js';
import { documentedWebSocket } from '../support/documented-web-socket.js';
import { expectCaptured } from '../support/fixture.js';
import { fillIn, runSnippet } from '../support/run-snippet.js';
import { serveSite } from '../support/serve-site.js';
import { shapeOf } from '../support/shape-of.js';
import { ALICE, BOB, CHAT, CONVERSATION, join, start } from '../support/start-secureconnect.js';

const document = await readCodeBlocks(new URL('../snippets/secureconnect.md', import.meta.url));
/** Where `url` and `token` of the document are filled in by whoever reads it. */
type Callbacks = Record<string, (...values: never[]) => unknown>;

test('every message that the document shows is understood, and is what is said', async () => {
  await using served = await start();
  await using alice = await join(served, ALICE);
  const shown = (section: string, nth: number) => JSON.parse(document.under(section, nth));
  const heard = async (client: typeof alice, example: { type: string }) => {
    serverMessageSchema.parse(example);
    expect(shapeOf(await next(client, example.type))).toEqual(shapeOf(example));
  };
  const bob = await connectBearer(served, CHAT, await served.token(BOB));
  await heard(alice, shown('4. User Joined (System Message)', 0));
  await heard(bob, shown('4. User Joined (System Message)', 0));
  say(bob, clientMessages.chat.parse(shown('1. Chat Message', 0)));
  for (const client of [alice, bob]) await heard(client, shown('1. Chat Message', 1));
  say(bob, clientMessages.typing.parse(shown('2. Typing Indicator', 0)));
  await heard(alice, shown('2. Typing Indicator', 1));
  say(bob, clientMessages.read.parse(shown('3. Read Receipt', 0)));
  await heard(alice, shown('3. Read Receipt', 1));
  await bob[Symbol.asyncDispose]();
  await heard(alice, shown('5. User Left (System Message)', 0));
});

test('the refusals are those that the document shows', async () => {
  await using served = await start();
  const shown = [0, 1, 2].map((nth) => JSON.parse(document.under('Connection Errors', nth)));
  for (const body of shown) refusalSchema.parse(body);
  const bearer = async (user: string) => ({ Authorization: `Bearer ${await served.token(user)}` });
  expect(await refusal(served, '/v1/ws/chat', await bearer(ALICE))).toEqual({ status: 400, body: shown[0] });
  expect(await refusal(served, CHAT, { Authorization: 'Bearer x' })).toEqual({ status: 401, body: shown[1] });
  expect(await refusal(served, CHAT, await bearer('alice'))).toEqual({ status: 500, body: shown[2] });
});

test('both ways of authentication connect as they stand', async () => {
  await using served = await start();
  await using bob = await join(served, BOB);
  const token = await served.token(ALICE);
  const query = fillIn(document.under('Connection > Authentication', 0), { UUID: CONVERSATION, JWT: token });
  const header = fillIn(document.under('Connection > Authentication', 1), { UUID: CONVERSATION, JWT_TOKEN: token });
  for (const code of [`const ws = new WebSocket('${query}');`, header]) {
    await using running = await runSnippet(code, {
      globals: { WebSocket: documentedWebSocket(served.port) },
      exports: ['ws'],
    });
    expect(await next(bob, 'user_joined')).toMatchObject({ sender_id: ALICE });
    (running.exports.ws as WebSocket).close();
    await next(bob, 'user_left');
  }
});

test('the lifecycle’s code runs as it stands on the ws package, from connecting to closing', async () => {
  await using served = await start();
  const code = [1, 2, 3].map((step) => {
    const titles = ['1. Establish Connection', '2. Handle Connection Events', '3. Send Messages'];
    return document.under(titles[step - 1] ?? '');
  });
  const shown: Callbacks = {
    displayMessage: vi.fn(),
    showTypingIndicator: vi.fn(),
    markAsRead: vi.fn(),
    showUserJoined: vi.fn(),
    showUserLeft: vi.fn(),
    reconnect: vi.fn(),
  };
  await using alice = await runSnippet(fillIn(code.join('\n'), { 'eyJhbGc...': await served.token(ALICE) }), {
    globals: { WebSocket: documentedWebSocket(served.port), ...shown },
    exports: ['ws', 'sendMessage', 'sendTyping', 'markAsRead'],
  });
  const { ws, sendMessage, sendTyping, markAsRead } = alice.exports as {
    ws: WebSocket;
    sendMessage(content: string, isEncrypted?: boolean): void;
    sendTyping(): void;
    markAsRead(messageId: unknown): void;
  };
  await eventually(() => vi.mocked(shown.showUserJoined)?.mock.calls.length === 1);
  const bob = await join(served, BOB);
  sendMessage('ciphertext', true);
  const { message_id } = await next(bob, 'chat');
  sendTyping();
  markAsRead(message_id);
  await next(bob, 'typing');
  expect(await next(bob, 'read')).toMatchObject({ sender_id: ALICE, message_id });
  say(bob, { type: 'typing' });
  await bob[Symbol.asyncDispose]();
  await eventually(() => vi.mocked(shown.showUserLeft)?.mock.calls.length === 1);
  expect(shown.displayMessage).toHaveBeenCalledWith(
    expect.objectContaining({ content: 'ciphertext', is_encrypted: true, sender_id: ALICE }),
  );
  expect(shown.showUserJoined).toHaveBeenLastCalledWith(BOB);
  expect(shown.showTypingIndicator).toHaveBeenCalledWith(BOB);
  await using _ = await runSnippet(document.under('4. Close Connection'), { globals: { ws }, beside: alice });
  await eventually(() => alice.log.at(-1)?.[0] === '🔌 Disconnected:');
  expect(alice.log.at(-1)).toEqual(['🔌 Disconnected:', 1000, 'User logged out']);
});

test('its watch over the connection, its queue, its check of messages and its change of tokens run as they stand', async () => {
  await using served = await start();
  await using bob = await join(served, BOB);
  const WebSocket = documentedWebSocket(served.port, { Authorization: `Bearer ${await served.token(ALICE)}` });
  // The reader's: a connection, and a message before that is open.
  const before = `const ws = new WebSocket('ws://localhost:8082${CHAT}');`;
  const code = [before, document.under('Message Queueing'), `sendMessage('early');`].join('\n');
  await using queue = await runSnippet(code, { globals: { WebSocket }, exports: ['ws', 'messageQueue'] });
  expect(queue.log).toEqual([[' Connection lost, queueing message']]);
  expect(await next(bob, 'chat')).toMatchObject({ content: 'early', message_type: 'text' });
  expect(queue.exports.messageQueue).toEqual([]);
  const { ws } = queue.exports;

  const handled: unknown[] = [];
  await using validation = await runSnippet(document.under('3. Message Validation'), {
    globals: { ws, handleMessage: (message: unknown) => void handled.push(message) },
  });
  say(bob, { type: 'chat', content: 'checked' });
  await eventually(() => handled.length > 0);
  expect(handled.at(-1)).toMatchObject({ type: 'chat', content: 'checked' });
  expect(validation.log).toEqual([]);

  const reconnect = vi.fn();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  await using watch = await runSnippet(document.under('Heartbeat / Keep-Alive'), {
    globals: { WebSocket, ws, reconnect },
    exports: ['heartbeatInterval'],
  });
  vi.advanceTimersByTime(60_000);
  expect(watch.log).toEqual([['💓 Connection alive']]);

  const tokens: unknown[] = [];
  await using refresh = await runSnippet(document.under('2. Token Refresh'), {
    globals: {
      ws,
      refreshAccessToken: async () => 'new',
      establishConnectionWithToken: (token: unknown) => void tokens.push(token),
    },
    exports: ['setupTokenRefresh'],
  });
  const { setupTokenRefresh } = refresh.exports as { setupTokenRefresh(expiresIn: number): void };
  setupTokenRefresh(300);
  await eventually(() => tokens.length === 1);
  expect(await next(bob, 'user_left')).toMatchObject({ sender_id: ALICE });
  vi.advanceTimersByTime(60_000);
  expect(reconnect).toHaveBeenCalledOnce();
  vi.useRealTimers();
});

const COMPLETE = document.under('Complete Example');

test('the complete example runs as it stands on a platform that adds the header', async () => {
  await using served = await start();
  await using bob = await join(served, BOB);
  const header = { Authorization: `Bearer ${await served.token(ALICE)}` };
  await using running = await runSnippet(fillIn(COMPLETE, { 'conversation-uuid': CONVERSATION }), {
    globals: { WebSocket: documentedWebSocket(served.port, header) },
    exports: ['chat'],
  });
  // It says hello before it is open: its queue keeps that.
  expect(await next(bob, 'chat')).toMatchObject({
    content: 'Hello, WebSocket!',
    is_encrypted: false,
    message_type: 'text',
  });
  await eventually(() => running.log.some(([line]) => line === 'New message:'));
  expect(running.log).toEqual([['✅ Connected'], ['New message:', 'Hello, WebSocket!']]);
  const { chat } = running.exports as { chat: { close(): void; sendTyping(): void; onUserLeft: unknown } };
  chat.sendTyping();
  await next(bob, 'typing');
  chat.close();
  await eventually(() => running.log.at(-1)?.[1] === 1000);
  expect(await next(bob, 'user_left')).toMatchObject({ sender_id: ALICE });
});

test('the complete example and the console’s code run as they stand in Chromium, at ws://localhost:8082', async () => {
  await using served = await start();
  await using site = await serveSite();
  await using bob = await join(served, BOB);
  const browser = await launchChromium({ hosts: { 'localhost:8082': served.port } });
  try {
    const page = await browser.newPage();
    const frames = captureFrames(page);
    const lines: string[] = [];
    page.on('console', (message) => lines.push(message.text()));
    await page.goto(site.origin);
    // "Some browsers don't support headers": in that case the document wants the token behind the conversation.
    const conversation = `${CONVERSATION}&access_token=${await served.token(ALICE)}`;
    await page.addScriptTag({ content: fillIn(COMPLETE, { 'conversation-uuid': conversation }) });
    expect(await next(bob, 'chat')).toMatchObject({ content: 'Hello, WebSocket!', sender_id: ALICE });
    await eventually(() => lines.includes('New message: Hello, WebSocket!'));
    await expectCaptured('secureconnect', 'complete-example.json', {
      title: 'the document’s complete example says hello',
      origin: 'Captured: the frames of the document’s Complete Example, run as it stands in Chromium.',
      steps: frames.steps,
    });

    // Pasted into the console; what sends is typed when "Connected!" is seen there, as before it throws.
    const statements = fillIn(document.under('Using Browser Console'), { UUID: conversation }).split('\n\n');
    const send = statements.pop() ?? '';
    const devTools = await page.context().newCDPSession(page);
    const type = (expression: string) => devTools.send('Runtime.evaluate', { expression, replMode: true });
    await type(statements.join('\n\n'));
    await eventually(() => lines.includes('Connected!'));
    await type(send);
    expect(await next(bob, 'chat')).toMatchObject({ content: 'Test message', message_type: 'text' });
  } finally {
    await browser.close();
  }
});

test('wscat connects, sends and receives as the document types it', async () => {
  await using served = await start();
  await using bob = await join(served, BOB);
  const [, command = '', send = ''] = document.under('Using wscat (CLI tool)').split('\n\n');
  const lines: string[] = [];
  const wscat = spawn('sh', ['-c', fillIn(command, { UUID: CONVERSATION, JWT_TOKEN: await served.token(ALICE) })], {
    env: {
      PATH: `${fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))}:${process.env.PATH}`,
      NODE_OPTIONS: `--import ${new URL('../support/lead-ports.mjs', import.meta.url)}`,
      DOCUMENTED_ADDRESS: 'localhost:8082',
      SERVED_PORT: String(served.port),
    },
  });
  const ended = new Promise((resolve) => wscat.once('close', resolve));
  wscat.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')));
  wscat.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  const prints = (text: string) =>
    eventually(() => lines.find((line) => line.includes(text)), { timeoutMs: 15_000 }).catch(() =>
      expect.fail(lines.join('\n')),
    );
  // On a pipe it shows neither its prompts nor that it is connected.
  await prints('"type":"user_joined"');
  wscat.stdin.write(`${/^> (.*)$/m.exec(send)?.[1]}\n`);
  expect(await next(bob, 'chat')).toMatchObject({ content: 'Hello', is_encrypted: false });
  expect(await prints('"content":"Hello"')).toMatch(/\{"type":"chat","conversation_id":"[^"]+".*"content":"Hello"/);
  wscat.kill();
  await ended;
});
