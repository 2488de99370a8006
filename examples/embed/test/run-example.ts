import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@trunkline/testkit';

export const SECRET = 'a-secret-of-at-least-32-bytes-for-examples';

export interface ExampleProcess extends AsyncDisposable {
  output(): string;
  readonly exited: Promise<number | null>;
}

/** One program of an example in a process of its own; `module` is its built file. */
export function runProgram(module: URL, env: Readonly<Record<string, string>>): ExampleProcess {
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(module)], {
    env: { PATH: process.env.PATH, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const exited = once(child, 'close').then(() => child.exitCode);
  return {
    output: () => output,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Until a server answers there, whatever it says. */
export async function answering(url: string): Promise<void> {
  await eventually(
    async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await response.body?.cancel();
      return true;
    },
    { timeoutMs: 15_000, everyMs: 50 },
  );
}
