import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script of ours with the name under which Redis remembers it. */
export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
  readonly keys: number;
}

export function defineScript(keys: number, lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex'), keys };
}

/** Runs it by name, and by text when Redis forgot it. Not for calls that must keep their order: see the append lane. */
export async function runScript(
  redis: Redis,
  script: RedisScript,
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, script.keys, ...args);
  } catch (error) {
    if (!isForgotten(error)) throw error;
    return redis.eval(script.lua, script.keys, ...args);
  }
}

export function isForgotten(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
