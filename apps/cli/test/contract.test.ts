import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { records, runCli, SECRET } from './run-cli.js';
import { startServer } from './server.js';

const PROTOCOL = new URL('../../../packages/protocol/dist/contract.js', import.meta.url);
const ZOD = import.meta.resolve('zod');

/** A module of an application, with these fields in its one event. */
async function contractModule(name: string, fields: string, exported = 'export const contract ='): Promise<string> {
  const file = join(folder, name);
  const contract = `defineContract({ rooms: { chat: { join: ['user'], events: { message: durable(z.looseObject({ ${fields} })) } } } })`;
  await writeFile(
    file,
    `import { defineContract, durable } from '${PROTOCOL}'; import { z } from '${ZOD}'; ${exported} ${contract};`,
  );
  return file;
}
let folder: string;
let older: string;
let newer: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkline-contract-'));
  older = await contractModule('older.mjs', 'text: z.string()');
  newer = await contractModule('newer.mjs', 'text: z.string(), lang: z.string()', 'export default');
});

describe('contract check', () => {
  test('names each change that breaks an older program, and ends with 1', async () => {
    const { code, stdout } = await runCli(['contract', 'check', newer, '--against', older]);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout:
        '✗ chat.message data.lang: older programs may leave it out, and it is required now\nBreaking changes: 1\n',
    });
    const asJson = await runCli(['contract', 'check', newer, '--against', older, '--json']);
    expect(records(asJson.stdout)).toMatchObject([
      { breaking: 1, changes: [{ where: 'chat.message data.lang', breaks: 'sending' }] },
    ]);
  });

  test('ends with 0 where nothing breaks, also against what print wrote', async () => {
    const printed = await runCli(['contract', 'print', older]);
    const kept = join(folder, 'kept.json');
    await writeFile(kept, printed.stdout);
    const optional = await contractModule('optional.mjs', 'text: z.string(), lang: z.string().optional()');
    for (const against of [older, kept]) {
      const { code, stdout } = await runCli(['contract', 'check', optional, '--against', against]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '✓ it breaks nobody\n' });
    }
  });

  test('takes what a running server speaks, in production with a token of an admin', async () => {
    await using server = await startServer({ NODE_ENV: 'production', CONTRACT_FILE: older });
    const args = ['contract', 'check', newer, '--against', server.url.replace('ws', 'http').replace('/v1/connect', '')];
    const admin = await runCli(['token', '--user', 'ann', '--role', 'admin'], { env: { JWT_SECRET: SECRET } });
    const refused = await runCli(args);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/answered 401: give a token of role admin/),
    });
    const { code, stdout } = await runCli(args, { env: { TRUNKLINE_TOKEN: admin.stdout.trim() } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('chat.message data.lang') });
  });
});

test.each([
  ['with the contract', 'export { contract }', 0],
  ['without one', '', 78],
])('a module that runs on, as a server does, holds no command: %s', async (_, exports, code) => {
  const file = join(folder, `running-${code}.mjs`);
  await writeFile(file, `import { contract } from '${pathToFileURL(older)}'; setInterval(() => {}, 1_000); ${exports}`);
  const { code: ended, stdout } = await runCli(['contract', 'print', file]);
  expect(ended).toBe(code);
  if (code === 0) expect(JSON.parse(stdout)).toHaveProperty('rooms.chat');
});

test.each([
  ['is no URL', 'https://', 2, 'error: It must be a URL such as ws://127.0.0.1:8080 or https://rt.example.com.\n'],
  ['is of no server', 'http://127.0.0.1:1', 69, 'error: No server answers at http://127.0.0.1:1.\n'],
])('an address that %s is told in one line', async (_, against, code, stderr) => {
  expect(await runCli(['contract', 'check', older, '--against', against])).toEqual({ code, stdout: '', stderr });
});

test.each([
  ['is not there', 'nowhere.mjs', undefined],
  ['is no module', 'broken.mjs', 'export default {'],
  ['exports something else', 'other.mjs', 'export default { rooms: [] }'],
  ['is TypeScript that Node can not read', 'contract.ts', 'export const contract: string = enum'],
  ['is other JSON', 'other.json', '{"rooms":{"chat":{}},"actions":{},"calls":{}}'],
  ['is no JSON', 'broken.json', '{'],
])('a contract that %s is told in one line, as 78', async (_, name, content) => {
  const file = join(folder, name);
  if (content !== undefined) await writeFile(file, content);
  const { code, stdout, stderr } = await runCli(['contract', 'check', older, '--against', file]);
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
  expect(stderr).toMatch(/^error: No contract in .+\n$/);
});
