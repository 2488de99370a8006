import type { ChainableCommander } from 'ioredis';
import { parseJson } from '../broker/redis/envelope.js';
import type { RedisLink } from '../broker/redis/redis-link.js';
import { defineScript } from '../broker/redis/redis-script.js';
import type { Roster, RosterEntry, RosterRoom } from '../seams/roster.js';
import { RoomCounts } from './room-counts.js';
import { connectionOf, orderKey, PageFill, readCursor, writeCursor } from './roster-order.js';

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
const BEAT_MS = 3_000;
/** Gone with the presence of a dead node. */
const LEASE_MS = 10_000;
/** Rows outlive the lease, so that a beat that is late finds them. */
const ROWS_MS = 60_000;
/** Rows written or read with one round trip: more would hold up everything else for too long. */
const BATCH = 200;

/** The roster over Redis: each node writes its own leased rows, a moment late, and readers merge them. */
export function createRedisRoster(link: RedisLink): Roster {
  const { keys, nodeId } = link;
  const entries = new Map<string, RosterEntry>();
  /** What Redis does not have yet: connections with their place in the list, and rooms. */
  const changed = new Map<string, string>();
  const changedRooms = new Map<string, string>();
  const counts = new RoomCounts((room) => changedRooms.set(room, room));
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
  link.onHeal(() => {
    // Redis may have come back older, with as many rows.
    rewrite = true;
    void beat();
    return Promise.resolve();
  });

  function mark(entry: RosterEntry): void {
    changed.set(entry.connectionId, orderKey(entry));
    flushTimer ??= setTimeout(() => void flush(), FLUSH_MS);
  }

  function write(pipeline: ChainableCommander, connectionId: string, place: string): void {
    const entry = entries.get(connectionId);
    if (entry === undefined) pipeline.hdel(own[0], connectionId).zrem(own[1], place);
    else pipeline.hset(own[0], connectionId, JSON.stringify(entry)).zadd(own[1], 0, place);
  }

  function writeRoom(pipeline: ChainableCommander, room: string): void {
    const now = counts.get(room);
    if (now === 0) pipeline.hdel(own[2], room).zrem(own[3], room);
    else pipeline.hset(own[2], room, now).zadd(own[3], 0, room);
  }

  async function run(
    items: Map<string, string>,
    add: (pipeline: ChainableCommander, item: string, place: string) => void,
  ): Promise<void> {
    while (items.size > 0) {
      const pipeline = link.commands.pipeline();
      let left = BATCH;
      for (const [item, place] of items) {
        items.delete(item);
        add(pipeline, item, place);
        if (--left === 0) break;
      }
      // A row may have made its key anew, and this node may end before its next beat.
      for (const key of own) pipeline.pexpire(key, ROWS_MS);
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
        for (const entry of entries.values()) changed.set(entry.connectionId, orderKey(entry));
        for (const room of counts.rooms()) changedRooms.set(room, room);
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

  /** Members of a sorted set of names with a prefix, those after one of them alone. */
  async function placesAfter(key: string, after: string, prefix: string, most: number): Promise<readonly string[]> {
    const from = after > prefix ? `(${after}` : `[${prefix}`;
    const some = await link.call((redis) => redis.zrangebylex(key, from, '+', 'LIMIT', 0, most));
    const end = some.findIndex((name) => !name.startsWith(prefix));
    return end === -1 ? some : some.slice(0, end);
  }

  return {
    start() {
      beatTimer = setInterval(() => void beat(), BEAT_MS);
      void beat();
      return Promise.resolve();
    },
    set(entry) {
      counts.move(entries.get(entry.connectionId)?.rooms ?? [], entry.rooms);
      entries.set(entry.connectionId, entry);
      mark(entry);
    },
    remove({ connectionId }) {
      const entry = entries.get(connectionId);
      if (entry === undefined) return;
      entries.delete(connectionId);
      counts.move(entry.rooms, []);
      mark(entry);
    },
    async connections({ cursor, limit, prefix = '' }) {
      const [startNode = '', startPlace = ''] = readCursor(cursor);
      const page = new PageFill(limit);
      for (const node of await liveNodes()) {
        if (node < startNode) continue;
        let after = node === startNode ? startPlace : '';
        for (;;) {
          const places = await placesAfter(keys.rosterOrder(node), after, prefix, BATCH);
          const ids = places.map(connectionOf);
          const rows =
            ids.length === 0 ? [] : await link.call((redis) => redis.hmget(keys.rosterEntries(node), ...ids));
          for (const [index, place] of places.entries()) {
            if (page.isFull) return { items: page.items, next: writeCursor(node, after) };
            after = place;
            const entry = readEntry(rows[index]);
            if (entry) page.add(entry);
          }
          if (places.length < BATCH) break;
        }
      }
      return { items: page.items, next: null };
    },
    async rooms({ cursor, limit, prefix = '' }) {
      const [after = ''] = readCursor(cursor);
      const nodes = await liveNodes();
      const names = new Set<string>();
      for (const node of nodes) {
        for (const name of await placesAfter(keys.rosterRoomOrder(node), after, prefix, limit + 1)) names.add(name);
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
      return { items, next: sorted.length > limit ? writeCursor(page.at(-1) ?? '') : null };
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
