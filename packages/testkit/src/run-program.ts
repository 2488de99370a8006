import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program under way; SIGKILL when it is disposed of. */
export interface SpawnedProgram extends AsyncDisposable {
  output(): string;
  readonly exited: Promise<number | null>;
}

/** One built module in a process of its own, without this process's environment. */
export function runProgram(module: URL, env: Readonly<Record<string, string>>): SpawnedProgram {
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
