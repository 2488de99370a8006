import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort, readCodeBlocks } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startWholeServer } from './start-server.js';
import { temporaryDirectory } from './temporary-directory.js';

const run = promisify(execFile);
const snippets = (format: string) =>
  readCodeBlocks(new URL(`../../../packages/dialects/test/snippets/${format}.md`, import.meta.url));

/** Runs a document's curl line as it stands; its host and port lead to ours. */
async function curl(line: string, ports: Readonly<Record<string, number>>): Promise<unknown> {
  await using directory = await temporaryDirectory();
  const led = Object.entries(ports).map(([address, port]) => `connect-to = "${address}:127.0.0.1:${port}"\n`);
  await directory.write('.curlrc', `silent\n${led.join('')}`);
  const { stdout } = await run('sh', ['-c', line], { env: { PATH: process.env.PATH, CURL_HOME: directory.path } });
  return JSON.parse(stdout);
}

test('the documents’ curl lines give tokens that open their addresses', async () => {
  const [shipvox, booking] = [await freePort(), await freePort()];
  await using _ = await startWholeServer({ LISTEN: `${shipvox}=shipvox,${booking}=booking` });
  const ports = { 'localhost:8000': shipvox, 'localhost:5000': booking };

  const [login = '', , test = ''] = (await snippets('shipvox')).under('Obtaining a JWT Token').split('\n\n');
  const shown = JSON.parse(/\{[\s\S]*\}/.exec((await snippets('shipvox')).under('Obtaining a JWT Token'))?.[0] ?? '');
  const issued = await curl(login, ports);
  expect(issued).toEqual({ ...shown, access_token: expect.any(String) });
  expect(await curl(test, ports)).toMatchObject({ access_token: expect.any(String), token_type: 'bearer' });

  const line = (await snippets('booking')).all.find(
    ({ language, text }) => language === 'bash' && text.includes('curl'),
  );
  const { access_token } = (await curl(line?.text ?? '', ports)) as { access_token: string };
  const socket = new WebSocket(`ws://127.0.0.1:${booking}/ws?token=${access_token}`);
  const message = await new Promise((resolve) => socket.once('message', resolve));
  expect(JSON.parse(String(message))).toMatchObject({ type: 'connected' });
  socket.terminate();
});
