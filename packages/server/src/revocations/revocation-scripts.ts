import { defineScript } from '../broker/redis/redis-script.js';

/**
 * KEYS ends, their order, when each may be forgotten, meta
 * ARGV name, expiry, moment, now, epoch for a new store, most that are kept
 * Returns how many had to be forgotten before their time.
 */
export const addScript = defineScript(
  4,
  `
local expiry, moment = tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local knownExpiry, knownMoment = string.match(known, '^(%d+) (%d+)$')
  expiry = math.max(expiry, tonumber(knownExpiry) or 0)
  moment = math.max(moment, tonumber(knownMoment) or 0)
end
local value = string.format('%.0f %.0f', expiry, moment)
if value == known then return 0 end
redis.call('HSETNX', KEYS[4], 'epoch', ARGV[5])
local place = redis.call('HINCRBY', KEYS[4], 'offset', 1)
redis.call('HSET', KEYS[1], ARGV[1], value)
redis.call('ZADD', KEYS[2], place, ARGV[1])
redis.call('ZADD', KEYS[3], expiry, ARGV[1])
local function forget(names)
  for _, name in ipairs(names) do
    redis.call('HDEL', KEYS[1], name)
    redis.call('ZREM', KEYS[2], name)
    redis.call('ZREM', KEYS[3], name)
  end
end
forget(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[4], 'LIMIT', 0, 100))
local excess = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[6])
if excess <= 0 then return 0 end
forget(redis.call('ZRANGE', KEYS[3], 0, excess - 1))
return excess
`,
);

/** KEYS ends, their order, meta. ARGV epoch for a new store, epoch known, place known, page. Returns epoch, then place, name and value of each later end. */
export const readScript = defineScript(
  3,
  `
redis.call('HSETNX', KEYS[3], 'epoch', ARGV[1])
local epoch = redis.call('HGET', KEYS[3], 'epoch')
local after = epoch == ARGV[2] and ARGV[3] or '0'
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local reply = {epoch}
for index = 1, #found, 2 do
  reply[#reply + 1] = string.format('%.0f', found[index + 1])
  reply[#reply + 1] = found[index]
  reply[#reply + 1] = redis.call('HGET', KEYS[1], found[index]) or ''
end
return reply
`,
);
