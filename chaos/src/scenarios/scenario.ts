import { connectRaw, type RawClient } from '@trunkline/testkit';
import { type Build, PREFIX, type Topology } from '../topology.js';

/** A short scripted run against real processes that tells one mutant from the server as it is. */
export interface Scenario {
  readonly name: string;
  /** @returns what is wrong, or null. Rejects only when it can't be run. */
  run(build: Build): Promise<string | null>;
}

/** A raw client with a token of role admin, through a node's fault proxy. */
export async function openRaw(topology: Topology, userId: string, node = 0): Promise<RawClient> {
  const client = await connectRaw({ url: topology.urls[node] ?? '' });
  await client.hello({ token: await topology.token(userId) });
  return client;
}

/** One request to a node's HTTP API as role admin. @returns the parsed body of a 2xx answer */
export async function ask(topology: Topology, path: string, post?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${topology.nodes[0]?.clients.port}${path}`, {
    method: post === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${await topology.token('operator')}`, 'content-type': 'application/json' },
    ...(post === undefined ? {} : { body: JSON.stringify(post) }),
    signal: AbortSignal.timeout(5_000),
  });
  const body: unknown = await answer.json();
  if (!answer.ok || typeof body !== 'object' || body === null)
    throw new Error(`${path} was answered ${answer.status} ${JSON.stringify(body)}`);
  return { ...body };
}

/** The keys of one room, as the Redis broker names them. */
export function keysOf(room: string): { readonly log: string; readonly meta: string } {
  return { log: `${PREFIX}:{${room}}:log`, meta: `${PREFIX}:{${room}}:meta` };
}

/** Writes an entry as the append script does, under another id, and tells nobody: what a bus that lost it looks like. */
export async function writeUnheard(
  { redis }: Topology,
  room: string,
  { offset, like, id }: { readonly offset: number; readonly like: string; readonly id: string },
): Promise<void> {
  const { log, meta } = keysOf(room);
  const [entry] = asList(await redis.command('XREVRANGE', log, '+', '-', 'COUNT', '1'));
  const fields = asList(asList(entry)[1]).map((field) => String(field).replaceAll(like, id));
  await redis.command('XADD', log, `${offset}-0`, ...fields);
  await redis.command('HSET', meta, 'offset', String(offset), 'lastId', id);
}

function asList(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('Redis answered with something else than a list.');
  return reply;
}
