import { randomUUID } from 'node:crypto';
import type { LoggedEvent, LogPage, LogQuery } from '../../seams/broker.js';
import { META_EXTRA_MS } from './append-call.js';
import { decodePayload } from './envelope.js';
import { unavailable } from './redis-failure.js';
import type { RedisLink } from './redis-link.js';
import { readScript } from './scripts/read.js';

/** Who reads, and who waits for the read after that one. */
interface Reading {
  readonly current: Promise<LogPage>;
  next: Promise<LogPage> | null;
}

/**
 * Reads of one room and range are single-flight. A read under way may have looked before its caller asked, so callers
 * share the one that starts next: what a caller heard before it asked is always in its page.
 *
 * @throws {TrunklineError} `unavailable`
 */
export function createLogReader(link: RedisLink): (room: string, query: LogQuery) => Promise<LogPage> {
  const readings = new Map<string, Reading>();

  async function read(room: string, { after, before, limit }: LogQuery): Promise<LogPage> {
    // Offsets begin at 1, and Redis knows no entry before the one at 0.
    const [order, bound] =
      after !== undefined ? ['after', after] : before !== undefined ? ['before', Math.max(1, before)] : ['newest', 0];
    const { keys } = link;
    const args = [keys.log(room), keys.meta(room), order, Math.max(0, bound), limit, randomUUID(), META_EXTRA_MS];
    const reply = await link.script(readScript, args);
    const page = readPage(reply, order !== 'after');
    if (page === null) throw unavailable('Redis holds something in this room that is not ours');
    return page;
  }

  function start(key: string, room: string, query: LogQuery): Promise<LogPage> {
    const current = read(room, query);
    const reading: Reading = { current, next: null };
    readings.set(key, reading);
    const ended = () => {
      if (readings.get(key) === reading && reading.next === null) readings.delete(key);
    };
    current.then(ended, ended);
    return current;
  }

  return (room, query) => {
    const key = `${room} ${query.after} ${query.before} ${query.limit}`;
    const reading = readings.get(key);
    if (reading === undefined) return start(key, room, query);
    const startNext = () => start(key, room, query);
    reading.next ??= reading.current.then(startNext, startNext);
    return reading.next;
  };
}

function readPage(reply: unknown, newestFirst: boolean): LogPage | null {
  if (!Array.isArray(reply)) return null;
  const [epoch, offset, lastId, trimmedOffset, trimmedId, bornOffset, bornId, ...rest]: unknown[] = reply;
  if (typeof epoch !== 'string') return null;
  const entries: LoggedEvent[] = [];
  for (let index = 0; index + 1 < rest.length; index += 2) {
    const event = decodePayload(String(rest[index + 1]), epoch, Number(rest[index]));
    if (event === null) return null;
    entries.push(event);
  }
  if (newestFirst) entries.reverse();
  return {
    entries,
    head: { epoch, offset: Number(offset), lastId: String(lastId) },
    trimmed: { offset: Number(trimmedOffset), id: String(trimmedId) },
    born: { offset: Number(bornOffset), id: String(bornId) },
  };
}
