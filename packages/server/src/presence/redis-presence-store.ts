import { createId, type PresenceMember } from '@trunkline/protocol';
import { parseJson } from '../broker/redis/envelope.js';
import { isWrongType, unavailable } from '../broker/redis/redis-failure.js';
import type { RedisLink } from '../broker/redis/redis-link.js';
import type { PresenceChange, PresenceStore } from '../seams/presence-store.js';
import {
  buryScript,
  deadScript,
  forgetScript,
  leaseScript,
  listScript,
  presentScript,
  removeScript,
  touchScript,
} from './presence-scripts.js';

export interface RedisPresenceOptions {
  /** How long entries count without `renew`, milliseconds. */
  readonly leaseMs: number;
}

/** After an outage no other node is taken for dead for so long: each comes back and repairs its rooms at its own time. */
const SPARED_MS = 5_000;

/**
 * Presence over Redis. One lease per incarnation; a node that missed its own starts a new one and touches anew. So it does
 * after an outage and after a write that failed: what the incarnation before may have left in Redis, such as the entry of
 * one who left meanwhile, then ends with its lease.
 */
export function createRedisPresenceStore(link: RedisLink, { leaseMs }: RedisPresenceOptions): PresenceStore {
  const { keys } = link;
  let incarnation = '';
  let registering: Promise<void> | undefined;
  let lost = false;
  let doubtful = false;
  /** Given up, and maybe with entries still. */
  let former: string[] = [];
  /** By `performance.now()`. */
  let sparedUntil = Number.NEGATIVE_INFINITY;
  const usersPrefix = keys.presenceUser('');
  const incarnationsPrefix = keys.leaseRooms('');

  async function register(): Promise<void> {
    const next = createId();
    doubtful = false;
    await link.script(leaseScript, [keys.leases, next, leaseMs, 1]);
    // The entries of the one before are now of a dead incarnation: someone removes and tells them.
    if (incarnation !== '') {
      lost = true;
      former.push(incarnation);
    }
    incarnation = next;
  }

  function registerOnce(): Promise<void> {
    registering ??= register()
      .catch(doubt)
      .finally(() => {
        registering = undefined;
      });
    return registering;
  }

  /** Redis may or may not have what this incarnation wrote; but where one room's key is of a wrong type, others are not in doubt. */
  function doubt(error: unknown): never {
    if (!isWrongType(error)) doubtful = true;
    throw error;
  }

  async function touchWith(
    room: string,
    [userId, connectionId, state]: readonly [string, string, string],
  ): Promise<readonly unknown[]> {
    if (incarnation === '') await registerOnce();
    const args = [
      ...[keys.presence(room), keys.presenceIndex(room), keys.presenceVersion(room), keys.leases],
      ...[keys.leaseRooms(incarnation), keys.presenceUser(userId), userId, connectionId, incarnation, state, room],
    ];
    return asList(await link.script(touchScript, args));
  }

  link.onHeal(() => {
    doubtful = true;
    return Promise.resolve();
  });

  /** An outage: all leases may run out in it. */
  function spare(error: unknown): never {
    if (!isWrongType(error)) sparedUntil = performance.now() + SPARED_MS;
    throw error;
  }

  async function bury(dead: string): Promise<PresenceChange[]> {
    const rooms = await link.call((redis) => redis.smembers(keys.leaseRooms(dead)));
    const changes: PresenceChange[] = [];
    for (const room of rooms) {
      const args = [keys.presence(room), keys.presenceIndex(room), keys.presenceVersion(room), keys.leases];
      const reply = asList(await link.script(buryScript, [...args, keys.leaseRooms(dead), dead, room, usersPrefix]));
      for (let index = 0; index + 5 < reply.length; index += 6) {
        const change = readChange(room, reply.slice(index, index + 6));
        if (change !== null) changes.push(change);
      }
    }
    await link.script(forgetScript, [keys.leases, keys.leaseRooms(dead), dead]);
    return changes;
  }

  return {
    leaseMs,
    async start() {
      // Away: the first touch or renewal registers.
      await registerOnce().catch(() => undefined);
    },
    async touch(room, { userId, connectionId, state }) {
      const args = [userId, connectionId, JSON.stringify(state) ?? ''] as const;
      const before = incarnation;
      let reply = await touchWith(room, args).catch(doubt);
      if (reply[0] === 'lost' && incarnation === before) await registerOnce();
      // The incarnation that began meanwhile may have entered all but this one already.
      if (incarnation !== before && before !== '') {
        const again = await touchWith(room, args).catch(doubt);
        if (reply[0] === 'lost') reply = again;
      }
      if (reply[0] === 'lost') throw unavailable('the presence lease runs out faster than it is renewed');
      return reply[0] === 'same' ? null : readChange(room, [...reply, userId]);
    },
    async remove(room, connectionId) {
      const args = [
        keys.presence(room),
        keys.presenceIndex(room),
        keys.presenceVersion(room),
        connectionId,
        room,
        usersPrefix,
        incarnationsPrefix,
      ];
      const reply = asList(await link.script(removeScript, args).catch(doubt));
      return reply.length === 0 ? null : readChange(room, reply);
    },
    async list(room, above = -1) {
      const args = [keys.presence(room), keys.presenceVersion(room), keys.leases, above];
      const [version, ...rest] = asList(await link.script(listScript, args));
      const members: PresenceMember[] = [];
      for (let index = 0; index + 2 < rest.length; index += 3) {
        members.push(readMember(rest[index], rest[index + 1], rest[index + 2]));
      }
      return { version: Number(version), members };
    },
    async roomsOf(userId) {
      const rooms = await link.call((redis) => redis.smembers(keys.presenceUser(userId)));
      const present: string[] = [];
      // The user's side is a hint; each room decides, and it knows whose lease lives.
      for (const room of rooms) {
        const answer = await link.script(presentScript, [keys.presence(room), keys.leases, userId]);
        if (Number(answer) === 1) present.push(room);
      }
      return present;
    },
    async renew() {
      // One that is given up is renewed once more: its entries count until they are touched again.
      const held =
        incarnation !== '' && Number(await link.script(leaseScript, [keys.leases, incarnation, leaseMs, 0])) === 1;
      if (!held || doubtful) await registerOnce();
      const answer = lost ? 'lost' : 'held';
      lost = false;
      return answer;
    },
    async entered() {
      // Another incarnation may have begun since that nobody was told of.
      if (doubtful || lost || former.length === 0) return;
      const ended = former;
      former = [];
      await link.call((redis) => redis.zadd(keys.leases, 'XX', ...ended.flatMap((one) => [0, one])));
    },
    async sweep() {
      const givenUpOnly = performance.now() < sparedUntil ? 1 : 0;
      const dead = asList(await link.script(deadScript, [keys.leases, givenUpOnly]).catch(spare));
      const changes: PresenceChange[] = [];
      for (const one of dead) changes.push(...(await bury(String(one))));
      return changes;
    },
    async close() {
      if (incarnation === '') return;
      // The entries are void at once, and the next sweep of any node removes and tells them.
      await link.call((redis) => redis.zadd(keys.leases, 0, incarnation)).catch(() => undefined);
    },
  };
}

function asList(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

function readChange(
  room: string,
  [change, version, connectionIds, state, connectionId, userId]: readonly unknown[],
): PresenceChange | null {
  if (change !== 'join' && change !== 'update' && change !== 'leave') return null;
  const member = readMember(userId, connectionIds, state);
  return { room, change, version: Number(version), member, connectionId: String(connectionId) };
}

function readMember(userId: unknown, connectionIds: unknown, state: unknown): PresenceMember {
  const ids = parseJson(String(connectionIds));
  return {
    userId: String(userId),
    connectionIds: Array.isArray(ids) ? ids.map(String).sort() : [],
    state: parseJson(String(state)) ?? null,
  };
}
