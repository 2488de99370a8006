import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithUs } from './end-with-us.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { type RedisReply, redisCommand } from './redis-command.js';

export interface RedisOptions {
  /** Keep writes over a kill (AOF, fsync every second). @default false: nothing is kept */
  readonly appendonly?: boolean;
  /** More command-line arguments, such as `['--requirepass', 'secret']`. */
  readonly args?: readonly string[];
  /** @default a free one */
  readonly port?: number;
  /** Password for `command` and the readiness check. */
  readonly password?: string;
}

/** A real redis-server on 127.0.0.1 with a directory of its own. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  readonly directory: string;
  readonly pid: number;
  /** One command over a connection of its own. */
  command(...args: string[]): Promise<RedisReply>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM: saves what it is told to save. */
  terminate(): Promise<void>;
  /** Starts it again on the same port and directory; `args` count for this life alone, over those before. */
  start(...args: string[]): Promise<void>;
  /** SIGSTOP: keeps its connections and answers nothing. */
  pause(): void;
  /** SIGCONT */
  resume(): void;
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-redis-'));
  const port = options.port ?? (await freePort());
  const args = ['--port', String(port), '--dir', directory, ...baseArguments(options), ...(options.args ?? [])];
  const server = createRedisProcess({ args, port, password: options.password });
  await server.start();
  return {
    ...server,
    get pid() {
      return server.pid;
    },
    url: `redis://${options.password === undefined ? '' : `:${options.password}@`}127.0.0.1:${port}`,
    directory,
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function baseArguments(options: RedisOptions): string[] {
  const durable = options.appendonly === true;
  return [
    ...['--bind', '127.0.0.1', '--save', '', '--daemonize', 'no', '--maxmemory-policy', 'noeviction'],
    ...['--appendonly', durable ? 'yes' : 'no', '--appendfsync', 'everysec'],
    ...['--repl-diskless-sync-delay', '0'],
  ];
}

export interface RedisProcessOptions {
  readonly args: readonly string[];
  readonly port: number;
  readonly password?: string | undefined;
}

/** One process of the redis family and its signals; not started yet. */
export function createRedisProcess({ args, port, password }: RedisProcessOptions) {
  let child: ChildProcess | undefined;
  let output = '';

  const command = (...words: string[]): Promise<RedisReply> => redisCommand(port, words, { password });

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGCONT');
    running.kill(signal);
    await gone;
  }

  return {
    port,
    get pid(): number {
      return child?.pid ?? 0;
    },
    command,
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async start(...more: string[]): Promise<void> {
      output = '';
      const started = spawn('redis-server', [...args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      endWithUs(started);
      const failed = new Promise<never>((_resolve, reject) => {
        started.once('error', (error) =>
          reject(new Error(`redis-server can not be run; is it installed?`, { cause: error })),
        );
        started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${output.slice(-2_000)}`)));
      });
      failed.catch(() => undefined);
      const collect = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-10_000);
      };
      started.stdout.on('data', collect);
      started.stderr.on('data', collect);
      // Another server may have taken the port first.
      const isOurs = async (): Promise<boolean> =>
        String(await command('INFO', 'server')).includes(`process_id:${started.pid}\r`) &&
        (await command('PING')) === 'PONG';
      const answers = eventually(isOurs, { timeoutMs: 10_000 });
      await Promise.race([answers, failed]);
    },
  };
}
