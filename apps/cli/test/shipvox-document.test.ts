import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readCodeBlocks } from '@trunkline/testkit';
import { expect, test } from 'vitest';
import { expectCaptured, type Step } from '../../../packages/dialects/test/support/fixture.js';
import { startRecordingRelay } from './recording-relay.js';
import { MAIN } from './run-cli.js';
import { startServer } from './server.js';

const document = await readCodeBlocks(new URL('../../../packages/dialects/test/snippets/shipvox.md', import.meta.url));
const [basic = '', interactive = ''] = document.under('Command Line Usage').split('\n\n');

test('the document’s command lines run as they stand, `trunkline shipvox` in the place of its program', async () => {
  await using server = await startServer();
  await using relay = await startRecordingRelay(server.url);
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-shipvox-'));
  const program = `#!/bin/sh\nexec ${process.execPath} ${MAIN} shipvox "$@"\n`;
  await writeFile(join(directory, 'ws_jwt_client.py'), program, { mode: 0o755 });
  const run = async (line: string, input: string) => {
    const env = { PATH: process.env.PATH, NO_COLOR: '1', TRUNKLINE_SHIPVOX_URL: `${relay.url}/shipvox/ws` };
    const child = spawn('sh', ['-c', line], { cwd: directory, env });
    child.stdin.end(input);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { stdout, stderr, code: child.exitCode };
  };
  try {
    const sent = await run(basic, '');
    expect(sent).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(sent.stdout)).toMatchObject({ type: 'test', payload: { message: 'Hello world' }, user: 'user' });
    const spoken = await run(interactive, 'test {"message":"Hello again"}\n');
    expect(spoken.code).toBe(0);
    expect(spoken.stdout).toContain('test {"message":"Hello again"}');
    await expectCaptured('shipvox', 'command-line.json', {
      title: 'the document’s command lines',
      origin:
        'Captured: the frames of the document’s Command Line Usage, run as it stands with `trunkline shipvox` in the place of its program.',
      steps: relay.frames as Step[],
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});
