import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithUs } from './end-with-us.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

export interface SpawnServerOptions {
  /** Path of the server's main module, such as `apps/server/dist/main.js`. */
  readonly main: string;
  /** Over this process's environment; PORT is a free port unless given. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default 'ready': until `/readyz` answers 200; 'listening': until it answers at all; 'exit' waits for the end */
  readonly until?: 'ready' | 'listening' | 'exit';
  /** @default 15_000 */
  readonly timeoutMs?: number;
  /** Arguments for node, before the module. @default [] */
  readonly nodeArguments?: readonly string[];
}

/** A server in a process of its own. */
export interface SpawnedServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** `ws://127.0.0.1:port/v1/connect` */
  readonly socketUrl: string;
  readonly pid: number;
  /** Both output streams so far, at most the last 1 MB. */
  output(): string;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  signal(signal: NodeJS.Signals): void;
  /** One line for its standard input. */
  tell(line: string): void;
  /** SIGKILL, and waits. */
  kill(): Promise<void>;
}

/** @throws {Error} with the output, when the process ends or the time passes first */
export async function spawnServer(options: SpawnServerOptions): Promise<SpawnedServer> {
  const { main, env = {}, until = 'ready', timeoutMs = 15_000, nodeArguments = [] } = options;
  const port = env.PORT === undefined ? await freePort() : Number(env.PORT);
  const child = spawn(process.execPath, [...nodeArguments, main], {
    env: { ...process.env, HOST: '127.0.0.1', ...env, PORT: String(port) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  endWithUs(child);
  // It may be gone by the time it is told something.
  child.stdin.on('error', () => undefined);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-1_000_000);
    });
  }
  const exited = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }));
  const url = `http://127.0.0.1:${port}`;
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const readyz = async (): Promise<boolean> => {
    if (child.exitCode !== null || child.signalCode !== null) return true;
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return until === 'listening' || response.ok;
  };
  try {
    if (until === 'exit') await withDeadline(exited, timeoutMs);
    else await eventually(readyz, { timeoutMs, everyMs: 30 });
    if (until !== 'exit' && (child.exitCode !== null || child.signalCode !== null))
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
  } catch (error) {
    await kill();
    throw new Error(
      `${main} did not come up: ${error instanceof Error ? error.message : error}\n${output.slice(-4_000)}`,
      { cause: error },
    );
  }
  return {
    port,
    url,
    socketUrl: `ws://127.0.0.1:${port}/v1/connect`,
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    signal: (signal) => void child.kill(signal),
    tell: (line) => void child.stdin.write(`${line}\n`),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

async function withDeadline<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it still ran after ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
