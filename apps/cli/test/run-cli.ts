import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const TIMEOUT_MS = 20_000;

/** Signs for every server and command of these tests. */
export const SECRET = 'a-secret-of-at-least-32-bytes-for-the-cli';

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** A shell line to run before it, such as `ulimit -n 256`. */
  readonly prelude?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program in a process of its own, without this process's environment; its input stays open. */
export function startCli(args: readonly string[], { env = {}, prelude }: CliOptions = {}) {
  const [program, ...programArgs] =
    prelude === undefined
      ? [process.execPath, MAIN, ...args]
      : ['sh', '-c', `${prelude}; exec "$0" "$@"`, process.execPath, MAIN, ...args];
  const child = spawn(program ?? '', programArgs, {
    env: { PATH: process.env.PATH, NO_COLOR: '1', ...env },
    timeout: TIMEOUT_MS,
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([code, stdout, stderr]): CliResult => ({ code, stdout, stderr }),
  );
  return { child, ended };
}

/** The same with all of its input. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { child, ended } = startCli(args, options);
  child.stdin.end(options.input ?? '');
  return await ended;
}

/** The JSON lines that a command printed. */
export function records(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));
}
