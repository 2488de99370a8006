import type { Redis } from 'ioredis';
import { unavailable } from '../broker/redis/redis-failure.js';
import type { TicketStore } from './tickets.js';

/** Tickets that every node can redeem, and only one does: GETDEL. */
export function createRedisTicketStore(options: { readonly commands: Redis; readonly prefix: string }): TicketStore {
  const { commands, prefix } = options;
  const nameOf = (key: string) => `${prefix}:ticket:${key}`;

  return {
    async put(key, value, ttlMs) {
      await commands.set(nameOf(key), value, 'PX', ttlMs).catch(fail);
    },
    take: (key) => commands.getdel(nameOf(key)).catch(fail),
  };
}

function fail(error: unknown): never {
  throw unavailable(error);
}
