import { defineScript } from '../redis-script.js';

/**
 * Appends one event: type check, dedupe, exact trim, XADD, meta, dedupe entry, fan-out.
 *
 * The first write is the one that Redis may refuse (full, read-only): XADD for a known room, meta at offset 0 for a new
 * one; neither leaves a hole. What follows can not fail after the type checks, except PUBLISH (ACL), which is only a
 * hint. Meta counts after XADD, and a log that is ahead of its meta starts a new epoch, so offsets never stick.
 *
 * KEYS log, meta, dedupe entry
 * ARGV epoch for a new life, event id, payload, digest, log size, log ttl, dedupe window, meta ttl, channel,
 *      '1' to make a duplicate write too (WAIT counts from the connection's last write)
 */
export const appendScript = defineScript(
  3,
  `
local function wrong(key, want)
  local kind = redis.call('TYPE', key)['ok']
  return kind ~= 'none' and kind ~= want
end
if wrong(KEYS[1], 'stream') or wrong(KEYS[2], 'hash') or wrong(KEYS[3], 'string') then
  return redis.error_reply('TRUNKLINE_TYPE a key of this room has the wrong type')
end
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'lastId', 'trimmedOffset', 'trimmedId')
local epoch, offset, lastId = meta[1], tonumber(meta[2] or ''), meta[3] or ''
local trimmedOffset, trimmedId = tonumber(meta[4] or '') or 0, meta[5] or ''
local known = redis.call('GET', KEYS[3])
if known and epoch and offset then
  local life, place, digest, id = string.match(known, '^(%S+) (%d+) (%S+) (.*)$')
  if life == epoch then
    if digest ~= ARGV[4] then return {'conflict'} end
    if ARGV[10] == '1' then redis.call('HSET', KEYS[2], 'epoch', epoch) end
    return {'duplicate', epoch, tonumber(place), id}
  end
end
local function restart()
  redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'offset', 0, 'lastId', '', 'trimmedOffset', 0, 'trimmedId', '', 'bornOffset', 0, 'bornId', '')
  redis.call('DEL', KEYS[1])
  epoch, offset, lastId, trimmedOffset, trimmedId = ARGV[1], 0, '', 0, ''
end
if not epoch or not offset then restart() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length = redis.call('XLEN', KEYS[1])
if length == 0 then trimmedOffset, trimmedId = offset, lastId end
local function add()
  return redis.pcall('XADD', KEYS[1], string.format('%.0f-0', offset + 1), 'i', ARGV[2], 'a', string.format('%.0f', now), 'p', ARGV[3])
end
local added = add()
if type(added) == 'table' and added.err then
  if not string.find(added.err, 'equal or smaller', 1, true) then return added end
  restart()
  length = 0
  added = add()
  if type(added) == 'table' and added.err then return added end
end
offset = offset + 1
local over = length + 1 - tonumber(ARGV[5])
local ttl = tonumber(ARGV[6])
local function trim(count)
  local last, aged = 0, false
  for index, head in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', count)) do
    local place = tonumber(string.match(head[1], '^%d+'))
    if place >= offset then return last, false end
    if index > over then
      aged = tonumber(head[2][4]) + ttl <= now
      if not aged then return last, false end
    end
    last, trimmedOffset, trimmedId = place, place, head[2][2]
  end
  return last, aged
end
local cut, more = trim(math.max(1, math.min(16, over)))
if more and over < 16 then cut = trim(16) end
if cut > 0 then redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f-0', cut + 1)) end
local place = string.format('%.0f', offset)
redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', place, 'lastId', ARGV[2],
  'trimmedOffset', string.format('%.0f', trimmedOffset), 'trimmedId', trimmedId)
redis.call('PEXPIRE', KEYS[2], ARGV[8])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('SET', KEYS[3], epoch .. ' ' .. place .. ' ' .. ARGV[4] .. ' ' .. ARGV[2], 'PX', ARGV[7])
redis.pcall('PUBLISH', ARGV[9], '1L' .. epoch .. '\\n' .. place .. '\\n' .. ARGV[3])
return {'appended', epoch, offset, ARGV[2]}
`,
);
