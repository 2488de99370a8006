import { expect, test } from 'vitest';
import { records, runCli, SECRET } from '../run-cli.js';
import { startServer } from '../server.js';

test('verify prints a ledger without losses for a healthy server, and fails without an admin', async () => {
  await using server = await startServer();
  const args = [
    'verify',
    '--url',
    server.socketUrl,
    '--clients',
    '4',
    '--rooms',
    '2',
    '--rate',
    '100',
    '--duration',
    '3s',
    '--seed',
    '1',
  ];
  const { code, stdout, stderr } = await runCli([...args, '--json'], { env: { JWT_SECRET: SECRET } });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const [ledger] = records(stdout);
  expect(ledger).toMatchObject({ seed: 1, lost: 0, duplicated: 0, reordered: 0, silentGaps: 0, findings: [] });
  expect(ledger).toHaveProperty('acknowledged', (ledger as { published: number }).published);
  expect((ledger as { resumes: number }).resumes).toBeGreaterThan(0);
  expect(await runCli(args)).toMatchObject({ code: 78, stderr: expect.stringContaining('role admin') });
});
