import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built server as operators run it, on ports that the system chooses. Needs `npm run build`. */
export function startProcess(environment: Record<string, string>) {
  if (!existsSync(MAIN)) throw new Error('Build first: npm run build');
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'json', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const watcher of watchers) watcher();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (status) => {
      resolve({ status, ...output });
      for (const watcher of watchers) watcher();
    });
  });

  return {
    ended,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Whoever read its output is gone, as with `| head`. */
    stopReading: () => void child.stdout?.destroy(),
    /** The first match in what the process printed. */
    printed(pattern: RegExp): Promise<RegExpExecArray> {
      return new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output.stdout);
          if (!match && child.exitCode === null) return;
          watchers.delete(look);
          if (match) resolve(match);
          else reject(new Error(`The server ended without printing ${pattern}: ${output.stdout}${output.stderr}`));
        };
        watchers.add(look);
        look();
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
