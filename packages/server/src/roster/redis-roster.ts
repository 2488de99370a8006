import type { ChainableCommander } from 'ioredis';
import { parseJson } from '../broker/redis/envelope.js';
import type { RedisLink } from '../broker/redis/redis-link.js';
import { defineScript } from '../broker/redis/redis-script.js';
import type { Roster, RosterEntry, RosterRoom } from '../seams/roster.js';

/**
 * Extends this node's lease and its rows'. KEYS nodes, entries, order, rooms, room order. ARGV node, lease, row ttl.
 * Returns how many rows Redis has.
 */
const beatScript = defineScript(
  5,
  `
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', time[1] * 1000 + ARGV[2]), ARGV[1])
for index = 2, 5 do redis.call('PEXPIRE', KEYS[index], ARGV[3]) end
return redis.call('HLEN', KEYS[2])
`,
);

/** KEYS nodes. Forgets nodes whose lease ran out and returns the others. */
const liveScript = defineScript(
  1,
  `
local now = string.format('%.0f', redis.call('TIME')[1] * 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
return redis.call('ZRANGE', KEYS[1], 0, 9999)
`,
);

const FLUSH_MS = 200;
const BEAT_MS = 5_000;
const LEASE_MS = 15_000;
/** Rows outlive the lease, so that a beat that is late finds them. */
const ROWS_MS = 60_000;
const BATCH = 500;
/** Most rows one page looks at; a page can be short and still have a next one. */
const MAX_SCANNED = 5_000;

/** The roster over Redis: each node writes its own leased rows, a moment late, and readers merge them. */
export function createRedisRoster(link: RedisLink): Roster {
  const { keys, nodeId } = link;
  const entries = new Map<string, RosterEntry>();
  const counts = new Map<string, number>();
  const changed = new Set<string>();
  const changedRooms = new Set<string>();
  const own = [
    keys.rosterEntries(nodeId),
    keys.rosterOrder(nodeId),
    keys.rosterRooms(nodeId),
    keys.rosterRoomOrder(nodeId),
  ] as const;
  let flushTimer: NodeJS.Timeout | undefined;
  let beatTimer: NodeJS.Timeout | undefined;
  let flushing = false;
  let rewrite = false;
  link.onHeal(async () => {
    await beat();
  });

  function count(rooms: readonly string[], by: 1 | -1): void {
    for (const room of new Set(rooms)) {
      const now = (counts.get(room) ?? 0) + by;
      if (now > 0) counts.set(room, now);
      else counts.delete(room);
      changedRooms.add(room);
    }
  }

  function mark(connectionId: string): void {
    changed.add(connectionId);
    flushTimer ??= setTimeout(() => void flush(), FLUSH_MS);
  }

  function write(pipeline: ChainableCommander, connectionId: string): void {
    const entry = entries.get(connectionId);
    if (entry === undefined) pipeline.hdel(own[0], connectionId).zrem(own[1], connectionId);
    else pipeline.hset(own[0], connectionId, JSON.stringify(entry)).zadd(own[1], 0, connectionId);
  }

  function writeRoom(pipeline: ChainableCommander, room: string): void {
    const now = counts.get(room);
    if (now === undefined) pipeline.hdel(own[2], room).zrem(own[3], room);
    else pipeline.hset(own[2], room, now).zadd(own[3], 0, room);
  }

  async function run(items: Set<string>, add: (pipeline: ChainableCommander, item: string) => void): Promise<void> {
    while (items.size > 0) {
      const batch = [...items].slice(0, BATCH);
      const pipeline = link.commands.pipeline();
      for (const item of batch) {
        items.delete(item);
        add(pipeline, item);
      }
      const replies = await pipeline.exec();
      const failure = replies?.find(([error]) => error !== null);
      if (failure?.[0]) throw failure[0];
    }
  }

  async function flush(): Promise<void> {
    flushTimer = undefined;
    if (flushing || !link.usable) return;
    flushing = true;
    try {
      if (rewrite) {
        await link.call((redis) => redis.del(...own));
        for (const connectionId of entries.keys()) changed.add(connectionId);
        for (const room of counts.keys()) changedRooms.add(room);
        rewrite = false;
      }
      await run(changed, write);
      await run(changedRooms, writeRoom);
    } catch {
      rewrite = true;
    } finally {
      flushing = false;
    }
    if (changed.size + changedRooms.size > 0) flushTimer ??= setTimeout(() => void flush(), FLUSH_MS);
  }

  async function beat(): Promise<void> {
    try {
      const rows = Number(await link.script(beatScript, [keys.rosterNodes, ...own, nodeId, LEASE_MS, ROWS_MS]));
      if (rows !== entries.size && changed.size === 0 && !flushing) rewrite = true;
    } catch {
      rewrite = true;
    }
    await flush();
  }

  async function liveNodes(): Promise<readonly string[]> {
    const nodes = await link.script(liveScript, [keys.rosterNodes]);
    return Array.isArray(nodes) ? nodes.map(String).sort() : [];
  }

  return {
    start() {
      beatTimer = setInterval(() => void beat(), BEAT_MS);
      void beat();
      return Promise.resolve();
    },
    set(entry) {
      count(entries.get(entry.connectionId)?.rooms ?? [], -1);
      entries.set(entry.connectionId, entry);
      count(entry.rooms, 1);
      mark(entry.connectionId);
    },
    remove(connectionId) {
      const entry = entries.get(connectionId);
      if (entry === undefined) return;
      entries.delete(connectionId);
      count(entry.rooms, -1);
      mark(connectionId);
    },
    async connections({ cursor = '', limit, prefix = '' }) {
      const [startNode = '', startId = ''] = cursor.split(' ');
      const items: RosterEntry[] = [];
      let scanned = 0;
      for (const node of await liveNodes()) {
        if (node < startNode) continue;
        let after = node === startNode ? startId : '';
        for (;;) {
          const from = after === '' ? '-' : `(${after}`;
          const ids = await link.call((redis) =>
            redis.zrangebylex(keys.rosterOrder(node), from, '+', 'LIMIT', 0, BATCH),
          );
          const rows =
            ids.length === 0 ? [] : await link.call((redis) => redis.hmget(keys.rosterEntries(node), ...ids));
          for (const [index, id] of ids.entries()) {
            const entry = readEntry(rows[index]);
            after = id;
            scanned += 1;
            if (entry?.userId.startsWith(prefix)) items.push(entry);
            if (items.length >= limit || scanned >= MAX_SCANNED) return { items, next: `${node} ${after}` };
          }
          if (ids.length < BATCH) break;
        }
      }
      return { items, next: null };
    },
    async rooms({ cursor = '', limit, prefix = '' }) {
      const from = cursor !== '' ? `(${cursor}` : prefix === '' ? '-' : `[${prefix}`;
      const nodes = await liveNodes();
      const names = new Set<string>();
      for (const node of nodes) {
        const some = await link.call((redis) =>
          redis.zrangebylex(keys.rosterRoomOrder(node), from, '+', 'LIMIT', 0, limit + 1),
        );
        for (const name of some) if (name.startsWith(prefix)) names.add(name);
      }
      const sorted = [...names].sort();
      const page = sorted.slice(0, limit);
      const totals = new Map<string, number>();
      for (const node of page.length === 0 ? [] : nodes) {
        const some = await link.call((redis) => redis.hmget(keys.rosterRooms(node), ...page));
        for (const [index, name] of page.entries())
          totals.set(name, (totals.get(name) ?? 0) + Number(some[index] ?? 0));
      }
      const items: RosterRoom[] = page.map((room) => ({ room, connections: totals.get(room) ?? 0 }));
      return { items, next: sorted.length > limit ? (page[page.length - 1] ?? null) : null };
    },
    async count() {
      const nodes = await liveNodes();
      const sizes = await link.call((redis) => Promise.all(nodes.map((node) => redis.hlen(keys.rosterEntries(node)))));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    async close() {
      clearInterval(beatTimer);
      clearTimeout(flushTimer);
      await link
        .call((redis) =>
          redis
            .pipeline()
            .zrem(keys.rosterNodes, nodeId)
            .del(...own)
            .exec(),
        )
        .catch(() => undefined);
    },
  };
}

function readEntry(row: string | null | undefined): RosterEntry | null {
  const value = row == null ? undefined : parseJson(row);
  return typeof value === 'object' && value !== null && 'connectionId' in value ? (value as RosterEntry) : null;
}
