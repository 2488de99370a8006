import { createId } from '@trunkline/protocol';
import type { RedisLink } from '../broker/redis/redis-link.js';
import { defineScript } from '../broker/redis/redis-script.js';
import type { Directory, Relation, RelationChange } from '../seams/directory.js';

/**
 * One fact and the log of changes in one step, so that no node can miss what it did not hear.
 *
 * KEYS object's relations, user's hints, change log, its meta
 * ARGV present, relation, user, object, epoch for a new log, hint channel
 * Returns 1 when something changed
 */
const changeScript = defineScript(
  4,
  `
for index, want in ipairs({'set', 'set', 'stream', 'hash'}) do
  local kind = redis.call('TYPE', KEYS[index])['ok']
  if kind ~= 'none' and kind ~= want then return redis.error_reply('TRUNKLINE_TYPE a key of the directory has the wrong type') end
end
local fact, hint = ARGV[2] .. ' ' .. ARGV[3], ARGV[2] .. ' ' .. ARGV[4]
local word = ARGV[1] == '1' and 'SADD' or 'SREM'
local changed = redis.call(word, KEYS[1], fact)
redis.call(word, KEYS[2], hint)
if changed == 0 then return 0 end
if redis.call('HSETNX', KEYS[4], 'epoch', ARGV[5]) == 1 then redis.call('DEL', KEYS[3]) end
local place = redis.call('HINCRBY', KEYS[4], 'offset', 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '=', 10000, string.format('%.0f-0', place), 'f', cjson.encode({ARGV[1], ARGV[2], ARGV[3], ARGV[4]}))
redis.pcall('PUBLISH', ARGV[6], '1R')
return 1
`,
);

/** KEYS change log, its meta. ARGV epoch for a new log, epoch known, offset known. Returns epoch, offset, first offset kept, changes. */
const changesScript = defineScript(
  2,
  `
if redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1]) == 1 then redis.call('DEL', KEYS[1]) end
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset')
local reply = {meta[1], meta[2] or '0', ''}
if meta[1] ~= ARGV[2] then return reply end
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[3] .. '-0', '+', 'COUNT', 500)
if entries[1] then reply[3] = string.match(entries[1][1], '^%d+') end
for _, entry in ipairs(entries) do
  reply[#reply + 1] = string.match(entry[1], '^%d+')
  reply[#reply + 1] = entry[2][2]
end
return reply
`,
);

const POLL_MS = 1_000;
/** Between two polls nothing was missed; only a poll that does not come back is deafness. */
const HEALTHY_MS = 2_500;
const MAX_LISTED = 10_000;

/**
 * Relations over Redis. The object's set is the truth, the user's set a hint that is checked against it. Changes of every
 * node are read from a log with a cursor, once a second and at each hint, so a deaf subscriber delays nothing for long.
 */
export function createRedisDirectory(link: RedisLink): Directory {
  const { keys, subscriber } = link;
  const listeners = new Set<(change: RelationChange | null) => void>();
  let cursor = { epoch: '', offset: 0 };
  let heardAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let polling: Promise<void> | undefined;
  let again = false;
  link.onHeal(() => catchUp());

  function tell(change: RelationChange | null): void {
    for (const listener of listeners) listener(change);
  }

  async function poll(): Promise<void> {
    for (;;) {
      const askedAt = performance.now();
      const args = [keys.relationLog, keys.relationMeta, createId(), cursor.epoch, cursor.offset];
      const reply = await link.script(changesScript, args);
      const [epoch, head, , ...entries]: unknown[] = Array.isArray(reply) ? reply : [];
      if (String(epoch) !== cursor.epoch) {
        const first = cursor.epoch === '';
        cursor = { epoch: String(epoch), offset: Number(head) };
        // At the very start nothing was granted on older facts.
        if (!first) tell(null);
      }
      for (let index = 0; index + 1 < entries.length; index += 2) {
        const place = Number(entries[index]);
        if (place !== cursor.offset + 1) tell(null);
        cursor = { epoch: cursor.epoch, offset: place };
        tell(parseChange(entries[index + 1]));
      }
      heardAt = askedAt;
      if (cursor.offset >= Number(head)) return;
      if (entries.length === 0) {
        cursor = { epoch: cursor.epoch, offset: Number(head) };
        tell(null);
        return;
      }
    }
  }

  /** Single-flight; what is asked for during a poll gets another one. */
  async function catchUp(): Promise<void> {
    if (polling !== undefined) {
      again = true;
      return polling;
    }
    polling = poll().finally(() => {
      polling = undefined;
    });
    await polling;
    if (!again) return;
    again = false;
    await catchUp();
  }

  function catchUpLater(): void {
    // Away: `deafForMs` tells.
    catchUp().catch(() => undefined);
  }

  return {
    async start() {
      void subscriber.listen(keys.relationChannel, catchUpLater);
      timer = setInterval(catchUpLater, POLL_MS);
      await catchUp().catch(() => undefined);
    },
    async check({ object, relation, user }) {
      return (await link.call((redis) => redis.sismember(keys.relations(object), `${relation} ${user}`))) === 1;
    },
    async objectsOf(user, relation, kind) {
      const hints = await link.call((redis) => redis.smembers(keys.relationUser(user)));
      const begin = `${relation} ${kind}:`;
      const objects = hints.filter((hint) => hint.startsWith(begin)).map((hint) => hint.slice(relation.length + 1));
      if (objects.length === 0) return [];
      const answers = await link.call((redis) =>
        Promise.all(objects.map((object) => redis.sismember(keys.relations(object), `${relation} ${user}`))),
      );
      return objects.filter((_object, index) => answers[index] === 1);
    },
    async relationsOf(object) {
      const relations: Relation[] = [];
      let place = '0';
      do {
        const [next, facts] = await link.call((redis) => redis.sscan(keys.relations(object), place, 'COUNT', 1_000));
        place = next;
        for (const fact of facts) {
          const space = fact.indexOf(' ');
          relations.push({ object, relation: fact.slice(0, space), user: fact.slice(space + 1) });
        }
      } while (place !== '0' && relations.length < MAX_LISTED);
      return relations.slice(0, MAX_LISTED);
    },
    async change({ object, relation, user, present }) {
      const sets = [keys.relations(object), keys.relationUser(user), keys.relationLog, keys.relationMeta];
      const args = [...sets, present ? 1 : 0, relation, user, object, createId(), keys.relationChannel];
      const changed = Number(await link.script(changeScript, args)) === 1;
      // This node's listeners hear it before the caller goes on.
      if (changed) await catchUp().catch(() => undefined);
      return changed;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    deafForMs() {
      const silence = performance.now() - heardAt;
      return silence > HEALTHY_MS ? silence : 0;
    },
    close() {
      clearInterval(timer);
      listeners.clear();
      subscriber.unlisten(keys.relationChannel);
      return Promise.resolve();
    },
  };
}

/** null for what can not be read: then everything is checked. */
function parseChange(text: unknown): RelationChange | null {
  try {
    const [present, relation, user, object] = JSON.parse(String(text)) as string[];
    if (relation === undefined || user === undefined || object === undefined) return null;
    return { object, relation, user, present: present === '1' };
  } catch {
    return null;
  }
}
