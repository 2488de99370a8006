import { defineScript } from '../redis-script.js';

/** Takes or extends a lease. KEYS lease. ARGV node, ttl. Returns who holds it, and for how long unless it is extended, milliseconds. */
export const leaseScript = defineScript(
  1,
  `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {holder, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {ARGV[1], tonumber(ARGV[2])}
`,
);

/** Gives a lease back. KEYS lease. ARGV node. */
export const releaseScript = defineScript(
  1,
  `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`,
);
