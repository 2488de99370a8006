import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, freePort } from '@trunkline/testkit';
import { describe, expect, test } from 'vitest';
import { MAIN, records, runCli, SECRET, startCli } from './run-cli.js';
import { startServer } from './server.js';

test.each([
  ['an option is missing', ['token'], 2],
  ['the secret is missing', ['token', '--user', 'ann'], 78],
  ['a user id is longer than a server takes', ['token', '--user', 'a'.repeat(129)], 2],
  ['a token would live longer than a server takes', ['token', '--user', 'ann', '--ttl', '367d'], 2],
  ['a room of a token is none', ['token', '--user', 'ann', '--room', 'lobby'], 2],
  ['a publish id is none', ['publish', 'lobby:a', 'message', '{}', '--id', 'a b'], 2],
  ['the data is no JSON', ['publish', 'lobby:a', 'message', '{'], 2],
  ['a number is none', ['tail', 'lobby:a', '--rewind', 'many'], 2],
  ['the URL is none', ['tail', 'lobby:a', '--url', 'ftp://x'], 2],
  ['the command is unknown', ['tial'], 2],
  ['the accounts are not there', ['users', 'list', '--file', '/nowhere/users.json'], 78],
  ['there is no server module', ['serve', '--main', '/nowhere/main.js'], 78],
])('when %s: one line, no stack, its own exit code', async (_name, args, expected) => {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(stderr).toMatch(/^error: .+\n/);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test.each([
  ['an unknown option', ['token', '--user', 'ann', '--json', '--bogus'], 'bogus'],
  ['an option that is missing', ['token', '--json'], '--user'],
  ['an unknown command', ['tial', '--json'], 'tial'],
])('with --json %s is an object, too', async (_, args, named) => {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout, error: JSON.parse(stderr) }).toEqual({
    code: 2,
    stdout: '',
    error: { error: { code: 'usage', message: expect.stringContaining(named), exitCode: 2 } },
  });
});

test('a variable that is empty counts as absent', async () => {
  const { code, stderr } = await runCli(['users', 'list'], { env: { USERS_FILE: '', TRUNKLINE_URL: '' } });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("'--file <path>' not specified") });
});

test('an exit code is the same where nobody reads what is told', async () => {
  const child = spawn(process.execPath, [MAIN, 'token'], { env: { PATH: process.env.PATH } });
  child.stderr.destroy();
  child.stdout.resume();
  expect(await once(child, 'close')).toEqual([2, null]);
});

test('a server that is not there is told at once, as 69', async () => {
  const url = `127.0.0.1:${await freePort()}`;
  for (const args of [
    ['publish', 'lobby:a', 'message', '{}'],
    ['tail', 'lobby:a'],
    ['connect'],
    ['load'],
    ['shipvox'],
    ['shipvox', '--token', 'a.b.c'],
  ]) {
    const { code, stderr } = await runCli([...args, '--url', url]);
    expect({ args, code, stderr }).toEqual({
      args,
      code: 69,
      stderr: expect.stringMatching(/^error: No server answers.*\n$/),
    });
  }
});

test('a refusal tells its code, and --json tells it to programs', async () => {
  await using server = await startServer();
  const env = { TRUNKLINE_URL: server.url };
  const person = await runCli(['tail', 'booking:7'], { env });
  const program = await runCli(['publish', 'lobby:a', 'message', '{"text":5}', '--json'], { env });
  const large = JSON.stringify({ text: 'x'.repeat(1_048_576) });
  const writer = await runCli(['publish', 'lobby:a', 'message', '-'], { env, input: large });
  const stranger = await runCli(['tail', 'lobby:a'], { env: { ...env, TRUNKLINE_TOKEN: 'garbage' } });
  expect(person).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: forbidden: /) });
  expect(JSON.parse(program.stderr)).toMatchObject({ error: { code: 'invalid_data', exitCode: 1 } });
  expect(writer).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: too_large: .*send less/) });
  expect(stranger).toMatchObject({ code: 1, stderr: expect.stringMatching(/unauthenticated.*trunkline token/) });
});

test('a production server without a token to give says how to get one, as 78', async () => {
  await using server = await startServer({ NODE_ENV: 'production', JWT_SECRET: SECRET });
  const { code, stderr } = await runCli(['tail', 'lobby:a', '--url', server.url]);
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(/^error: No token: .*trunkline token/) });
});

test('what answers like a page of its own is no server to get a token from', async () => {
  const http = createServer((_request, response) => response.end('<!doctype html>'));
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;
  const { code, stderr } = await runCli(['tail', 'lobby:a', '--url', `127.0.0.1:${port}`]);
  http.close();
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(/^error: No token: /) });
});

describe('a connection that the server ends for good', () => {
  test('ends tail with the reason and its cure', async () => {
    await using server = await startServer();
    const { stdout } = await runCli(['token', '--user', 'zoe'], { env: { JWT_SECRET: SECRET } });
    const token = stdout.trim();
    const { child, ended } = startCli(['tail', 'lobby:a', '--url', server.url, '--token', token]);
    await once(child.stderr, 'data');
    await asAdmin(server.url, '/v1/tokens/revoke', { subject: 'zoe' });
    expect(await ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error: token_revoked: .*make a new one/),
    });
  });

  test('ends shipvox --interactive, and fails it', async () => {
    await using server = await startServer();
    const { child, ended } = startCli(['shipvox', '--interactive', '--url', server.url]);
    await once(child.stderr, 'data');
    await server.kill();
    expect(await ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error: The server closed the connection/),
    });
  });
});

describe('load', () => {
  test('ends with the refusal where the server takes fewer connections', async () => {
    await using server = await startServer({ MAX_CONNECTIONS_PER_USER: '3' });
    const { code, stderr } = await runCli(['load', '--connections', '30', '--url', server.url]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: too_many_connections: /) });
  });

  test('ends where the server goes away meanwhile, and fails', async () => {
    await using server = await startServer();
    const args = ['load', '--connections', '3', '--duration', '3s', '--timeout', '1000', '--json', '--url', server.url];
    const ended = runCli(args);
    await eventually(() => isUnderLoad(server.url), { timeoutMs: 15_000, everyMs: 50 });
    await server.kill();
    const { code, stdout } = await ended;
    expect({ code, said: records(stdout) }).toMatchObject({ code: 1, said: [{ refused: expect.any(Number) }] });
  });
});

/** Whether it has taken a first message. */
async function isUnderLoad(url: string): Promise<boolean> {
  return /^trunkline_publishes_total\{kind="lobby".* [1-9]/m.test(await (await fetch(`${url}/metrics`)).text());
}

async function asAdmin(url: string, path: string, body: object): Promise<void> {
  const { stdout } = await runCli(['token', '--user', 'root', '--role', 'admin'], { env: { JWT_SECRET: SECRET } });
  const headers = { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' };
  const { ok } = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(ok).toBe(true);
}
