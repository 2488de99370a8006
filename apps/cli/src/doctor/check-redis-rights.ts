import { describeForbidden, isForbidden, redisChannels } from '@trunkline/server';
import type { Redis } from 'ioredis';
import { type Finding, fault, messageOf, ok } from './finding.js';

/** An ACL may allow keys and commands and forbid channels: each is tried with a word that nobody hears. */
export async function checkRedisRights(redis: Redis, prefix: string): Promise<Finding> {
  const { own, foreign } = redisChannels(prefix);
  const probe = `${prefix}:doctor`;
  const all = { own, foreign };
  const tries = [
    { needs: all, run: () => redis.publish(probe, '') },
    { needs: all, run: () => redis.subscribe(probe) },
    { needs: { own: [], foreign }, run: () => redis.subscribe(...foreign) },
  ];
  for (const { needs, run } of tries) {
    try {
      await run();
    } catch (error) {
      // One fault is enough: what is missing for ours is most often missing for the others.
      const found = isForbidden(error) ? describeForbidden(error, needs) : messageOf(error);
      return fault('redis channels', found, 'Give our user in Redis that rule: ACL SETUSER, and the ACL file.');
    }
  }
  return ok('redis channels', [...own, ...foreign].join(' '));
}
