import { createTokenIssuer } from '@trunkline/server';
import { eventually, freePort, runProgram } from '@trunkline/testkit';
import { expect, test } from 'vitest';

const SECRET = 'a-secret-of-at-least-32-bytes-for-examples';
const built = (name: string) => new URL(`../dist/${name}.js`, import.meta.url);

test('the client says hello to itself and to everybody else in the room', async () => {
  const port = await freePort();
  const issuer = createTokenIssuer({ secret: SECRET });
  const clientEnv = async (userId: string) => ({
    HUB: `ws://127.0.0.1:${port}/v1/connect`,
    TOKEN: (await issuer.issue({ userId })).token,
  });
  await using server = runProgram(built('server'), { JWT_SECRET: SECRET, PORT: String(port) });
  // No wait for the server: the client tries until it is there.
  await using ann = runProgram(built('client'), await clientEnv('ann'));
  await eventually(() => ann.output() === 'ann says hello\n', { timeoutMs: 15_000 });
  await using ben = runProgram(built('client'), await clientEnv('ben'));
  await eventually(() => ann.output() === 'ann says hello\nben says hello\n', { timeoutMs: 15_000 });
  expect(server.output()).toBe('');
  await eventually(() => ben.output() === 'ben says hello\n');
});
