import { defineScript } from '../redis-script.js';

/**
 * One atomic look at a room's log. A room without meta begins its life here, so that a member who joins before the
 * first event has a position to resume from. A page ends early past 8 MiB.
 *
 * KEYS log, meta
 * ARGV 'after' | 'before' | 'newest', bound, limit, epoch for a new life, meta ttl
 * Returns epoch, offset, last id, trimmed offset and id, born offset and id, then offset and payload of each entry in the asked order
 */
export const readScript = defineScript(
  2,
  `
local function wrong(key, want)
  local kind = redis.call('TYPE', key)['ok']
  return kind ~= 'none' and kind ~= want
end
if wrong(KEYS[1], 'stream') or wrong(KEYS[2], 'hash') then
  return redis.error_reply('TRUNKLINE_TYPE a key of this room has the wrong type')
end
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'lastId', 'trimmedOffset', 'trimmedId', 'bornOffset', 'bornId')
local epoch, offset, lastId = meta[1], tonumber(meta[2] or ''), meta[3] or ''
if not epoch or not offset then
  redis.call('HSET', KEYS[2], 'epoch', ARGV[4], 'offset', 0, 'lastId', '', 'trimmedOffset', 0, 'trimmedId', '', 'bornOffset', 0, 'bornId', '')
  redis.call('DEL', KEYS[1])
  epoch, offset, lastId, meta[4], meta[5], meta[6], meta[7] = ARGV[4], 0, '', '0', '', '0', ''
end
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
local trimmedOffset, trimmedId = meta[4] or '0', meta[5] or ''
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first then
  trimmedOffset, trimmedId = string.format('%.0f', offset), lastId
else
  local before = string.format('%.0f', tonumber(string.match(first[1], '^%d+')) - 1)
  if before ~= trimmedOffset then trimmedOffset, trimmedId = before, '' end
end
local page = {epoch, string.format('%.0f', offset), lastId, trimmedOffset, trimmedId, meta[6] or '0', meta[7] or ''}
local left, bytes = tonumber(ARGV[3]), 0
local cursor = '+'
if ARGV[1] == 'after' then cursor = '(' .. ARGV[2] .. '-0' end
if ARGV[1] == 'before' then cursor = '(' .. ARGV[2] .. '-0' end
while left > 0 and bytes < 8388608 do
  local count = math.min(left, 64)
  local entries
  if ARGV[1] == 'after' then entries = redis.call('XRANGE', KEYS[1], cursor, '+', 'COUNT', count)
  else entries = redis.call('XREVRANGE', KEYS[1], cursor, '-', 'COUNT', count) end
  for _, entry in ipairs(entries) do
    if bytes < 8388608 then
      page[#page + 1] = string.match(entry[1], '^%d+')
      page[#page + 1] = entry[2][6]
      bytes = bytes + #entry[2][6]
    end
    cursor = '(' .. entry[1]
  end
  left = left - count
  if #entries < count then break end
end
return page
`,
);
