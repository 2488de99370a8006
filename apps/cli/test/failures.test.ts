import { freePort } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { runCli, SECRET } from './run-cli.js';
import { startServer } from './server.js';

test.each([
  ['an option is missing', ['token'], 2],
  ['the secret is missing', ['token', '--user', 'ann'], 78],
  ['a user id is longer than a server takes', ['token', '--user', 'a'.repeat(129)], 2],
  ['a token would live longer than a server takes', ['token', '--user', 'ann', '--ttl', '367d'], 2],
  ['a room of a token is none', ['token', '--user', 'ann', '--room', 'lobby'], 2],
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

test('a server that is not there is told at once, as 69', async () => {
  const url = `127.0.0.1:${await freePort()}`;
  for (const args of [
test('a variable that is empty counts as absent', async () => {
  const { code, stderr } = await runCli(['users', 'list'], { env: { USERS_FILE: '', TRUNKLINE_URL: '' } });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("'--file <path>' not specified") });
});

    ['publish', 'lobby:a', 'message', '{}'],
    ['tail', 'lobby:a'],
    ['connect'],
    ['load'],
    ['shipvox'],
  ]) {
    const { code, stderr } = await runCli([...args, '--url', url]);
    expect({ args, code, stderr }).toEqual({
      args,
      code: 69,
      stderr: expect.stringMatching(/^error: No server answers/),
    });
  }
});

test('a refusal tells its code, and --json tells it to programs', async () => {
  await using server = await startServer();
  const env = { TRUNKLINE_URL: server.url };
  const person = await runCli(['tail', 'booking:7'], { env });
  const program = await runCli(['publish', 'lobby:a', 'message', '{"text":5}', '--json'], { env });
  const stranger = await runCli(['tail', 'lobby:a'], { env: { ...env, TRUNKLINE_TOKEN: 'garbage' } });
  expect(person).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: forbidden: /) });
  expect(JSON.parse(program.stderr)).toMatchObject({ error: { code: 'invalid_data', exitCode: 1 } });
  expect(stranger).toMatchObject({ code: 1, stderr: expect.stringMatching(/unauthenticated.*trunkline token/) });
});

test('a production server without a token to give says how to get one, as 78', async () => {
  await using server = await startServer({ NODE_ENV: 'production', JWT_SECRET: SECRET });
  const { code, stderr } = await runCli(['tail', 'lobby:a', '--url', server.url]);
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(/^error: No token: .*trunkline token/) });
});
