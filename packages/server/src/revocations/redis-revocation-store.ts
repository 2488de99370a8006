import { createId } from '@trunkline/protocol';
import type { RedisLink } from '../broker/redis/redis-link.js';
import type { RevocationStore, SessionEnd } from '../seams/revocation-store.js';
import { addScript, readScript } from './revocation-scripts.js';
import { endOf, recordOf, type SessionEndRecord } from './session-end-record.js';

export interface RedisRevocationStoreOptions {
  /** Most ends that are kept, here and in Redis; past it the one that ends first is forgotten, and logged. @default 100_000 */
  readonly capacity?: number;
}

const POLL_MS = 1_000;
const PAGE = 500;

/**
 * Session ends over Redis, read with a cursor once a second and at each healing before the broker is connected again.
 * Nodes keep what they know, so that a Redis that lost its data learns it from them.
 */
export function createRedisRevocationStore(
  link: RedisLink,
  { capacity = 100_000 }: RedisRevocationStoreOptions = {},
): RevocationStore {
  const { keys, logger } = link;
  const known = new Map<string, SessionEndRecord>();
  /** Not in Redis yet. */
  const pending = new Map<string, SessionEndRecord>();
  let listener: ((end: SessionEnd) => void) | undefined;
  let cursor = { epoch: '', place: '0' };
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  link.onHeal(() => catchUp());

  function remember(record: SessionEndRecord): void {
    known.delete(record.name);
    known.set(record.name, record);
    if (known.size <= capacity) return;
    const now = Date.now();
    for (const [name, { expiresAt }] of known) if (expiresAt <= now) known.delete(name);
    if (known.size > capacity) known.delete(known.keys().next().value ?? '');
  }

  async function write(record: SessionEndRecord): Promise<void> {
    const { name, expiresAt, moment } = record;
    const places = [keys.sessionEnds, keys.sessionEndOrder, keys.sessionEndExpiry, keys.sessionEndMeta];
    const args = [...places, name, expiresAt, moment, Date.now(), createId(), capacity];
    if (Number(await link.script(addScript, args)) > 0)
      logger.warn({ capacity }, 'revocations that were still in force were forgotten to make room');
  }

  async function flush(): Promise<void> {
    for (const [name, record] of pending) {
      await write(record);
      if (pending.get(name) === record) pending.delete(name);
    }
  }

  async function read(): Promise<void> {
    for (;;) {
      const places = [keys.sessionEnds, keys.sessionEndOrder, keys.sessionEndMeta];
      const reply = await link.script(readScript, [...places, createId(), cursor.epoch, cursor.place, PAGE]);
      const [epoch = '', ...entries] = Array.isArray(reply) ? reply.map(String) : [];
      if (epoch !== cursor.epoch) {
        // Redis began anew: what it lost is still known here.
        if (cursor.epoch !== '') for (const record of known.values()) pending.set(record.name, record);
        cursor = { epoch, place: '0' };
      }
      for (let index = 0; index + 2 < entries.length; index += 3) {
        const [place = '0', name = '', value = ''] = entries.slice(index, index + 3);
        cursor = { epoch, place };
        const end = endOf(name, value);
        if (end === null) continue;
        remember(recordOf(end, Date.now()));
        listener?.(end);
      }
      if (entries.length < PAGE * 3) return;
    }
  }

  async function synchronize(): Promise<void> {
    await flush();
    await read();
    await flush();
  }

  /** Single-flight; what is asked for meanwhile gets another one. */
  async function catchUp(): Promise<void> {
    // The broker heals before the hub listens.
    if (listener === undefined) return;
    if (running !== undefined) {
      again = true;
      return running;
    }
    do {
      again = false;
      running = synchronize().finally(() => {
        running = undefined;
      });
      await running;
    } while (again);
  }

  return {
    async start(heard) {
      listener = heard;
      // Away: healing tells, before the broker is connected again.
      const later = () => void catchUp().catch(() => undefined);
      timer = setInterval(later, POLL_MS);
      await catchUp().catch(() => undefined);
    },
    async add(end) {
      const record = recordOf(end, Date.now());
      remember(record);
      try {
        await write(record);
        return true;
      } catch {
        pending.set(record.name, record);
        return false;
      }
    },
    async close() {
      clearInterval(timer);
      await running?.catch(() => undefined);
    },
  };
}
