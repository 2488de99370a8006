import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ServerName, Target } from '../load/target.js';

/** A server under test in a process of its own. */
export interface ServerProcess extends Target {
  /** Collects garbage, so that resident memory means what is kept. */
  collectGarbage(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly redisUrl?: string;
  /** `default`: those that a deployed server has. @default so wide that load is never refused */
  readonly limits?: 'default';
}

const FILES: Readonly<Record<ServerName, string>> = {
  trunkline: 'trunkline',
  'socket.io': 'socket-io',
  ws: 'ws',
  'ws-outbox': 'ws-outbox',
  bun: 'bun',
};
const START_TIMEOUT_MS = 20_000;

/** Node's arguments for a CPU profile of every server started; set by `--cpu-prof`. */
export const profiling: { directory: string | undefined } = { directory: undefined };

/** The path of the `bun` package's binary, or null where it was not installed. */
export function bunBinary(): string | null {
  try {
    const require = createRequire(import.meta.url);
    return createRequire(require.resolve('bun/package.json')).resolve(
      `@oven/bun-${process.platform}-${process.arch}/bin/bun`,
    );
  } catch {
    return null;
  }
}

export async function startServer(server: ServerName, options: ServerOptions = {}): Promise<ServerProcess> {
  const file = fileURLToPath(new URL(`./servers/${FILES[server]}.js`, import.meta.url));
  const program = server === 'bun' ? bunBinary() : process.execPath;
  if (program === null) throw new Error('The bun package has no binary for this machine.');
  const profile =
    profiling.directory === undefined
      ? []
      : ['--cpu-prof', '--cpu-prof-dir', profiling.directory, '--cpu-prof-name', `${server}-${Date.now()}.cpuprofile`];
  const child = spawn(
    program,
    server === 'bun' ? [file] : ['--expose-gc', ...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), ...profile, file],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        ...(options.limits === undefined ? {} : { BENCH_LIMITS: options.limits }),
        ...(options.redisUrl === undefined ? {} : { BENCH_REDIS_URL: options.redisUrl }),
      },
    },
  );
  const lines = createInterface({ input: child.stdout });
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const [line] = await Promise.race([once(lines, 'line', { signal }), failure(child, server)]);
  const { port } = JSON.parse(String(line));
  return {
    server,
    port,
    pid: child.pid ?? 0,
    async collectGarbage() {
      const collected = once(lines, 'line');
      child.stdin.write('gc\n');
      await collected;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.stdin.end();
      const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(impatient);
    },
  };
}

async function failure(child: ChildProcess, server: ServerName): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`The ${server} server ended with ${code} before it listened.`);
}
