import { fileURLToPath } from 'node:url';
import { type FaultProxy, freePort, type SpawnedServer, spawnServer, startFaultProxy } from '@trunkline/testkit';
import { type RedisPaths, startRedisPaths } from './redis-paths.js';

export interface NodeOptions {
  readonly secret: string;
  readonly redisPort: number;
  readonly prefix: string;
  /** Modules given to `node --import`, before the server. */
  readonly imports?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One server process with a fault proxy on each of its sides. */
export interface Node extends AsyncDisposable {
  /** Its own, with no proxy before it. */
  readonly port: number;
  readonly clients: FaultProxy;
  /** Of no use under Sentinel, which names the servers itself. */
  readonly redis: RedisPaths;
  /** What the running process, and those before it, printed. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** `stall <ms>` stops its event loop for so long; `clock <ms>` puts its clock off by so much. */
  harm(order: `${'stall' | 'clock'} ${number}`): void;
  /** SIGKILL, and waits. */
  kill(): Promise<void>;
  /** Starts a process again on the same port. */
  start(): Promise<void>;
  /** SIGTERM, waits for the drain. @returns the exit code */
  drain(): Promise<number | null>;
}

/** From the built chaos member. */
const HARM = new URL('../dist/harm.js', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url));

export async function startNode({ secret, redisPort, prefix, imports = [], env = {} }: NodeOptions): Promise<Node> {
  const port = await freePort();
  const redis = await startRedisPaths(redisPort);
  const clients = await startFaultProxy({ targetPort: port });
  let earlier = '';
  let server: SpawnedServer;

  async function start(): Promise<void> {
    server = await spawnServer({
      main: MAIN,
      timeoutMs: 30_000,
      nodeArguments: [HARM, ...imports].flatMap((module) => ['--import', module]),
      env: {
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: String(port),
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        REDIS_PREFIX: prefix,
        JWT_SECRET: secret,
        HEARTBEAT_INTERVAL_MS: '1000',
        HEARTBEAT_TIMEOUT_MS: '2000',
        DRAIN_WINDOW_MS: '1000',
        LOG_LEVEL: 'warn',
        ...env,
      },
    });
  }

  await start();
  return {
    port,
    clients,
    redis,
    output: () => earlier + server.output(),
    signal: (signal) => server.signal(signal),
    harm: (order) => server.tell(order),
    async kill() {
      await server.kill();
      earlier += server.output();
    },
    start,
    async drain() {
      server.signal('SIGTERM');
      const { code } = await server.exited;
      earlier += server.output();
      return code;
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await Promise.all([redis[Symbol.asyncDispose](), clients[Symbol.asyncDispose]()]);
    },
  };
}
