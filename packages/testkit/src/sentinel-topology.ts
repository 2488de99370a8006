import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { createRedisProcess, type RedisServer, startRedis } from './redis-server.js';

export interface SentinelOptions {
  /** @default 1 */
  readonly replicas?: number;
  /** @default 3 */
  readonly sentinels?: number;
  /** When a silent master counts as down, milliseconds. @default 1_000 */
  readonly downAfterMs?: number;
  readonly appendonly?: boolean;
}

/** One master, its replicas and the sentinels that watch them, all on 127.0.0.1. */
export interface SentinelTopology extends AsyncDisposable {
  /** `redis+sentinel://host:port,host:port/trunk` */
  readonly url: string;
  /** Every data server; which one is the master changes. */
  readonly servers: readonly RedisServer[];
  /** The server that the sentinels name now. */
  master(): Promise<RedisServer>;
  replicas(): Promise<readonly RedisServer[]>;
}

const MASTER_NAME = 'trunk';

export async function startSentinelTopology(options: SentinelOptions = {}): Promise<SentinelTopology> {
  const { replicas = 1, sentinels = 3, downAfterMs = 1_000, appendonly = true } = options;
  const started: AsyncDisposable[] = [];
  const dispose = async (): Promise<void> => {
    for (const one of started.splice(0).reverse()) await one[Symbol.asyncDispose]();
  };
  const keep = <T extends AsyncDisposable>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const first = keep(await startRedis({ appendonly }));
    const servers = [first];
    for (let index = 0; index < replicas; index += 1) {
      servers.push(keep(await startRedis({ appendonly, args: ['--replicaof', '127.0.0.1', String(first.port)] })));
    }
    for (const replica of servers.slice(1)) {
      await eventually(async () =>
        String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      );
    }
    const quorum = Math.floor(sentinels / 2) + 1;
    const watchers = await Promise.all(
      Array.from({ length: sentinels }, () => startSentinel({ masterPort: first.port, quorum, downAfterMs })),
    );
    for (const watcher of watchers) keep(watcher);
    // A failover needs sentinels that know the replicas and one another.
    for (const watcher of watchers) {
      await eventually(
        async () => {
          const info = String(await watcher.command('INFO', 'sentinel'));
          return info.includes(`slaves=${replicas},sentinels=${sentinels}`);
        },
        { timeoutMs: 15_000 },
      );
    }
    const master = async (): Promise<RedisServer> => {
      const address = await watchers[0]?.command('SENTINEL', 'get-master-addr-by-name', MASTER_NAME);
      const port = Array.isArray(address) ? Number(address[1]) : 0;
      const found = servers.find((server) => server.port === port);
      if (found === undefined) throw new Error(`the sentinels name port ${port}, which is none of ours`);
      return found;
    };
    return {
      url: `redis+sentinel://${watchers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER_NAME}`,
      servers,
      master,
      async replicas() {
        const current = await master();
        return servers.filter((server) => server !== current);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startSentinel(options: {
  readonly masterPort: number;
  readonly quorum: number;
  readonly downAfterMs: number;
}) {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  await writeFile(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${options.masterPort} ${options.quorum}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${options.downAfterMs}`,
      `sentinel failover-timeout ${MASTER_NAME} 5000`,
      `sentinel parallel-syncs ${MASTER_NAME} 1`,
      '',
    ].join('\n'),
  );
  // The same binary: Debian ships redis-sentinel in a package of its own.
  const sentinel = createRedisProcess({ args: [file, '--sentinel'], port });
  await sentinel.start();
  return {
    port,
    command: sentinel.command,
    async [Symbol.asyncDispose]() {
      await sentinel.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
