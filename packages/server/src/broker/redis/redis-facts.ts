/** What `INFO` says about the server that answers. */
export interface RedisFacts {
  /** Changes with each process. */
  readonly runId: string;
  /** Changes with each promotion. */
  readonly replicationId: string;
  readonly role: string;
  readonly version: string;
  readonly loading: boolean;
  readonly maxMemory: number;
  readonly evictionPolicy: string;
  /** Its clock, milliseconds; NaN where it does not say. */
  readonly time: number;
}

/** The oldest version with exclusive stream ranges and `SET … GET`. */
const OLDEST: readonly [number, number] = [6, 2];

export function parseFacts(info: string): RedisFacts {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return {
    runId: fields.get('run_id') ?? '',
    replicationId: fields.get('master_replid') ?? '',
    role: fields.get('role') ?? '',
    version: fields.get('redis_version') ?? '',
    loading: fields.get('loading') === '1',
    maxMemory: Number(fields.get('maxmemory') ?? 0),
    evictionPolicy: fields.get('maxmemory_policy') ?? '',
    time: Number(fields.get('server_time_usec')) / 1_000,
  };
}

/** @returns why this server can not serve us; null when it can */
export function findObstacle(facts: RedisFacts): string | null {
  const [major = 0, minor = 0] = facts.version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `Redis ${facts.version || '(unknown version)'} is too old: 6.2 or newer is needed`;
  }
  if (facts.role !== 'master') return 'Redis is read-only: it is a replica';
  if (facts.loading) return 'Redis is still loading its data';
  return null;
}
