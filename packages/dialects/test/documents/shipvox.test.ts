import { readCodeBlocks } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { shipvoxDialect } from '../../src/shipvox/index.js';
import { clientMessages, messageSchema, relayedMessageSchema } from '../../src/shipvox/schema.js';
import { documentedWebSocket } from '../support/documented-web-socket.js';
import { runSnippet } from '../support/run-snippet.js';
import { startHub } from '../support/start-hub.js';

// Its curl lines run in the server's tests, its command line client in the CLI's, its hook in the React package's.
const document = await readCodeBlocks(new URL('../snippets/shipvox.md', import.meta.url));

test('every message has the fields of the document’s envelope, and a relayed one its user', () => {
  const fields = [...document.under('WebSocket Message Format').matchAll(/^ {2}(\w+):/gm)]
    .map(([, field]) => field)
    .sort();
  for (const schema of Object.values(clientMessages)) expect(Object.keys(schema.shape).sort()).toEqual(fields);
  expect(Object.keys(relayedMessageSchema.shape).sort()).toEqual([...fields, 'user'].sort());
});

test('the frontend’s code runs as it stands with a hook that passes the token as the document says', async () => {
  await using served = await startHub([shipvoxDialect({ path: '/ws' })]);
  const token = await served.token('user');
  const WebSocket = documentedWebSocket(served.port);
  const heard: unknown[] = [];
  /** The document's own hook is not printed: "the JWT token is then passed in the WebSocket URL query string". */
  const openSocket = (url: string, options: { token: string }) => {
    const socket = new WebSocket(`${url}?token=${options.token}`);
    const opened = new Promise((resolve) => socket.once('open', resolve));
    socket.on('message', (data) => heard.push(messageSchema.parse(JSON.parse(String(data)))));
    const answered = new Promise((resolve) => socket.once('message', resolve));
    return {
      status: 'connecting',
      messages: heard,
      async sendMessage(message: object) {
        await opened;
        socket.send(JSON.stringify(message));
        await answered;
        socket.close();
      },
    };
  };
  await using running = await runSnippet(document.under('Frontend Usage'), {
    globals: { useWebSocket: openSocket, authenticateUser: async () => token, username: 'user', password: 'password' },
    exports: ['messages', 'sendMessage'],
  });
  const { messages, sendMessage } = running.exports as {
    messages: unknown[];
    sendMessage(message: object): Promise<void>;
  };
  await sendMessage({ type: 'zip_collected', payload: { zip: '94107' }, timestamp: Date.now(), requestId: 'r-1' });
  expect(messages).toEqual([expect.objectContaining({ type: 'zip_collected', requestId: 'r-1', user: 'user' })]);
});
