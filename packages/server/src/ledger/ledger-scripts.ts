import { defineScript } from '../broker/redis/redis-script.js';

/*
 * A request is one string: its state (R runs, S settled, F free again), the digest of its data (43 characters), and the node
 * that runs it or the result.
 */

/** KEYS request. ARGV node, digest, ttl. Returns '' when claimed, 'C' for other data, else what the key holds. */
export const claimScript = defineScript(
  1,
  `
local kept = redis.call('GET', KEYS[1])
if kept and string.sub(kept, 1, 1) ~= 'F' then
  return string.sub(kept, 2, 44) == ARGV[2] and kept or 'C'
end
redis.call('SET', KEYS[1], 'R' .. ARGV[2] .. ARGV[1], 'PX', ARGV[3])
return ''
`,
);

/** KEYS request. ARGV node, S or F, result, ttl, channel. Nothing happens where the node does not hold the claim. */
export const settleScript = defineScript(
  1,
  `
local kept = redis.call('GET', KEYS[1])
if not kept or string.sub(kept, 1, 1) ~= 'R' or string.sub(kept, 45) ~= ARGV[1] then return end
redis.call('SET', KEYS[1], ARGV[2] .. string.sub(kept, 2, 44) .. ARGV[3], 'PX', ARGV[4])
redis.pcall('PUBLISH', ARGV[5], '1D')
`,
);

/** KEYS nodes. ARGV node. Returns 1 while the node's lease lives. */
export const nodeLivesScript = defineScript(
  1,
  `
local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
return till and tonumber(till) > redis.call('TIME')[1] * 1000 and 1 or 0
`,
);

/** KEYS receipts. ARGV epoch, field, offset, ttl. Returns 1 when the cursor moved. */
export const advanceScript = defineScript(
  1,
  `
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or '0') >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return 1
`,
);
