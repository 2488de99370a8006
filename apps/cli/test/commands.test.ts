import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, type SpawnedServer } from '@trunkline/testkit';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAIN, records, runCli, SECRET } from './run-cli.js';
import { startServer } from './server.js';

let server: SpawnedServer;
let env: Record<string, string>;
beforeAll(async () => {
  server = await startServer();
  env = { TRUNKLINE_URL: server.url };
});
afterAll(() => server[Symbol.asyncDispose]());

test('token signs what the server accepts, with every claim asked for', async () => {
  const args = ['token', '--user', 'ann', '--role', 'admin', '--role', 'service', '--company', 'c1'];
  const { code, stdout } = await runCli([...args, '--room', 'lobby:x', '--ttl', '2h'], { env: { JWT_SECRET: SECRET } });
  const { exp = 0, iat = 0, ...claims } = decodeJwt(stdout.trim());
  expect({ code, lifetime: exp - iat }).toEqual({ code: 0, lifetime: 7_200 });
  expect(claims).toMatchObject({ sub: 'ann', roles: ['admin', 'service'], company_id: 'c1', rooms: ['lobby:x'] });
  const published = await runCli(['publish', 'company:c1', 'update', '{"action":"a","data":1}', '--json'], {
    env: { ...env, TRUNKLINE_TOKEN: stdout.trim() },
  });
  expect(published).toMatchObject({ code: 0, stderr: '' });
});

test('publish waits for the log, and the same id acts once', async () => {
  const args = ['publish', 'lobby:once', 'message', '{"text":"hi"}', '--id', 'same', '--json'];
  const first = await runCli(args, { env });
  const second = await runCli(args, { env });
  expect(records(first.stdout)).toMatchObject([{ offset: 1, duplicate: false }]);
  expect(records(second.stdout)).toMatchObject([{ offset: 1, duplicate: true }]);
});

test('publish reads its data from standard input', async () => {
  const { stdout } = await runCli(['publish', 'lobby:stdin', 'message', '-', '--json'], {
    env,
    input: '{"text":"hi"}',
  });
  expect(records(stdout)).toMatchObject([{ offset: 1 }]);
});

test('publish waits for what standard input has not brought yet', async () => {
  const tellsOfReading = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    const read = fs.readFileSync;
    fs.readFileSync = (file, ...rest) => (typeof file === 'number' && console.error('reading'), read(file, ...rest));
    syncBuiltinESMExports();`;
  const preload = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tellsOfReading)}` };
  const args = [MAIN, 'publish', 'lobby:late', 'message', '-'];
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env, ...preload } });
  const ended = once(child, 'close');
  await once(child.stderr, 'data');
  child.stdin.end('{"text":"late"}');
  expect(await ended).toEqual([0, null]);
});

test('tail prints the log and ends after as many events as asked for', async () => {
  for (const text of ['one', 'two', 'three'])
    await runCli(['publish', 'lobby:tail', 'message', JSON.stringify({ text })], { env });
  const { code, stdout } = await runCli(['tail', 'lobby:tail', '--rewind', '2', '--count', '2', '--json'], { env });
  expect(code).toBe(0);
  expect(records(stdout)).toMatchObject([
    { room: 'lobby:tail', event: 'message', data: { text: 'two' }, offset: 2, from: { userId: 'test-user' } },
    { data: { text: 'three' }, offset: 3 },
  ]);
});

test('connect runs each command that it reads, and says what was wrong with one', async () => {
  const input = [
    'join lobby:repl',
    'publish lobby:repl message {"text":"hi"}',
    'history lobby:repl',
    'presence lobby:repl',
    'request echo {"a":1}',
    'request nope {}',
    'publish lobby:repl message {',
    'typing lobby:repl',
    'leave lobby:repl',
    'quit',
  ].join('\n');
  const { code, stdout } = await runCli(['connect', 'lobby:first', '--json'], { env, input });
  const said = records(stdout);
  expect(code).toBe(0);
  expect(said).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ joined: 'lobby:first' }),
      expect.objectContaining({ joined: 'lobby:repl' }),
      expect.objectContaining({ event: 'message', data: { text: 'hi' } }),
      { published: expect.objectContaining({ offset: 1 }) },
      expect.objectContaining({ history: [expect.objectContaining({ offset: 1 })] }),
      { presence: [expect.objectContaining({ userId: 'test-user' })] },
      { response: { a: 1 } },
      { error: expect.objectContaining({ code: 'unknown_action' }) },
      { error: expect.objectContaining({ code: 'usage' }) },
      { typing: 'lobby:repl' },
      { left: 'lobby:repl' },
    ]),
  );
});

test('connect leaves a room that was joined twice', async () => {
  const input = [
    'join lobby:twice',
    'join lobby:twice',
    'leave lobby:twice',
    'publish lobby:twice message {"text":"hi"}',
  ];
  const { stdout } = await runCli(['connect', '--json'], { env, input: input.join('\n') });
  const said = records(stdout);
  expect(said).toContainEqual({ published: expect.objectContaining({ offset: 1 }) });
  expect(said).not.toContainEqual(expect.objectContaining({ event: 'message' }));
});

test('connect ends with quit, too, where more could be typed', async () => {
  // As at a terminal, but for the drawing.
  const terminal = { NODE_OPTIONS: '--import=data:text/javascript,process.stdin.isTTY=true' };
  const child = spawn(process.execPath, [MAIN, 'connect'], { env: { PATH: process.env.PATH, ...env, ...terminal } });
  const ended = once(child, 'close');
  child.stdin.write('quit\n');
  expect(await ended).toEqual([0, null]);
});

test('load counts each delivery and loses none', async () => {
  const args = ['load', '--connections', '60', '--rooms', '3', '--rate', '40', '--duration', '1s', '--json'];
  const { code, stdout } = await runCli(args, { env: { ...env, JWT_SECRET: SECRET } });
  expect(code).toBe(0);
  expect(records(stdout)).toMatchObject([
    { connections: 60, rooms: 3, published: 40, acknowledged: 40, refused: 0, delivered: 800, lost: 0 },
  ]);
});

test('shipvox logs in, sends, and prints the message that comes back', async () => {
  const args = ['shipvox', '--url', server.url, '--type', 'test', '--payload', '{"message":"Hello world"}', '--json'];
  const { code, stdout } = await runCli(args);
  expect(code).toBe(0);
  expect(records(stdout)).toMatchObject([
    { type: 'test', payload: { message: 'Hello world' }, user: expect.anything() },
  ]);
});

test('shipvox fails with the server’s reason when the message is refused', async () => {
  const { code, stdout, stderr } = await runCli(['shipvox', '--url', server.url, '--type', 'no_such_type']);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: expect.stringContaining('"code": "unknown_frame"'),
    stderr: 'error: The server refused the message.\n',
  });
});

test('shipvox --interactive sends each line and waits for the answers', async () => {
  const { code, stdout } = await runCli(['shipvox', '--url', server.url, '--interactive', '--json'], {
    input: 'test {"n":1}\nno_such_type {}\n',
  });
  expect(code).toBe(0);
  expect(records(stdout)).toMatchObject([{ type: 'test', payload: { n: 1 } }, { type: 'error' }]);
});

test('users adds all of what several add at once, through a link, too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trunkline-users-'));
  const [file, link] = [join(folder, 'users.json'), join(folder, 'link.json')];
  await runCli(['users', 'add', 'first', '--file', file], { input: 'correct horse\n' });
  await symlink(file, link);
  const ids = ['ann', 'ben', 'cleo', 'dan'];
  const add = (id: string) => runCli(['users', 'add', id, '--file', link], { input: 'correct horse\n' });
  expect((await Promise.all(ids.map(add))).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  const { stdout } = await runCli(['users', 'list', '--json', '--file', file]);
  const [accounts] = records(stdout) as { id: string }[][];
  expect(accounts?.map(({ id }) => id).sort()).toEqual([...ids, 'first']);
  expect(await readdir(folder)).toEqual(['link.json', 'users.json']);
});

test('users makes a file that the server logs in with, and never shows a hash', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'trunkline-users-')), 'users.json');
  const added = await runCli(['users', 'add', 'ann', '--role', 'admin', '--file', file], { input: 'correct horse\n' });
  const again = await runCli(['users', 'add', 'ann', '--file', file], { input: 'another\n' });
  const listed = await runCli(['users', 'list', '--json', '--file', file]);
  expect([added.code, again.code, listed.code]).toEqual([0, 1, 0]);
  expect(records(listed.stdout)).toEqual([[{ id: 'ann', name: 'ann', roles: ['admin'] }]]);
  expect(await readFile(file, 'utf8')).toMatch(/\$2b\$12\$/);
  expect((await stat(file)).mode & 0o077).toBe(0);

  await using own = await startServer({ USERS_FILE: file });
  const args = ['shipvox', '--url', own.url, '--username', 'ann', '--json'];
  expect(await runCli(args, { input: 'correct horse\n' })).toMatchObject({ code: 0 });
  expect(await runCli(args, { input: 'wrong\n' })).toMatchObject({ code: 1 });
});

test('serve runs the server in its own process, until it is told to end', async () => {
  const port = await freePort();
  const env = { PATH: process.env.PATH, JWT_SECRET: SECRET, LOG_LEVEL: 'warn', DRAIN_WINDOW_MS: '0' };
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', String(port), '--host', '127.0.0.1'], { env });
  const ended = once(child, 'close');
  const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  await eventually(isReady, { timeoutMs: 15_000, everyMs: 50 });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('serve says in one line where a server is to be had, when there is none beside it', async () => {
  const { code, stderr } = await runCli(['serve', '--main', '/nowhere/main.js']);
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: expect.stringMatching(/^.*no server at \/nowhere.*npm run build.*container.*\n$/),
  });
});

test('serve ends as the server does when a variable is bad', async () => {
  const { code, stderr } = await runCli(['serve', '--port', '0', '--production'], { env: { JWT_SECRET: 'short' } });
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(/^JWT_SECRET: .*\n$/) });
});
