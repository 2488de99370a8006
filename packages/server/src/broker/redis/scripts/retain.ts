import { defineScript } from '../redis-script.js';

/**
 * Keeps the last ephemeral message under a key (at most 1 000 keys a room, the oldest goes) and fans it out, unless
 * `channel` is empty.
 *
 * KEYS retained, order
 * ARGV key, message, ttl, channel, envelope
 */
export const retainScript = defineScript(
  2,
  `
if ARGV[4] ~= '' then redis.pcall('PUBLISH', ARGV[4], ARGV[5]) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now + ARGV[3], ARGV[2]))
redis.call('ZADD', KEYS[2], string.format('%.0f', now * 1000 + time[2] % 1000), ARGV[1])
if redis.call('ZCARD', KEYS[2]) > 1000 then
  redis.call('HDEL', KEYS[1], redis.call('ZPOPMIN', KEYS[2])[1])
end
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[3]) then redis.call('PEXPIRE', key, ARGV[3]) end
end
`,
);

/** KEYS retained, order. Returns the messages that still count, oldest first. */
export const retainedScript = defineScript(
  2,
  `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local messages = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local kept = redis.call('HGET', KEYS[1], key)
  if kept then
    local till, message = string.match(kept, '^(%d+) (.*)$')
    if tonumber(till) > now then messages[#messages + 1] = message end
  end
end
return messages
`,
);
