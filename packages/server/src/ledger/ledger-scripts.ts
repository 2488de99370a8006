import { defineScript } from '../broker/redis/redis-script.js';

/** KEYS request. ARGV node, ttl. Returns '' when claimed, else what the key holds. */
export const claimScript = defineScript(
  1,
  `
local kept = redis.call('GET', KEYS[1])
if kept then return kept end
redis.call('SET', KEYS[1], 'R' .. ARGV[1], 'PX', ARGV[2])
return ''
`,
);

/** KEYS request. ARGV result, ttl, channel. */
export const settleScript = defineScript(
  1,
  `
redis.call('SET', KEYS[1], 'S' .. ARGV[1], 'PX', ARGV[2])
redis.pcall('PUBLISH', ARGV[3], '1D')
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
