import { defineScript } from '../redis-script.js';

/**
 * Appends events of one room in order: type check, dedupe, exact trim, XADD, meta, dedupe entries, fan-out. Each event has
 * its own answer; a refusal that all of them share is the call's.
 *
 * The first write is the one that Redis may refuse (full, read-only): XADD for a known room, meta at offset 0 for a new
 * one; neither leaves a hole. What follows can not fail after the type checks, except by an ACL: an append that it stops
 * there is not known (PUBLISH is only a hint). Meta counts after XADD, and a log that is ahead of its meta starts a new
 * epoch, so offsets never stick.
 *
 * KEYS log, meta, dedupe entry of each event (so a call has more keys than `keys`)
 * ARGV epoch for a new life, log size, log ttl, meta ttl, dedupe window, channel,
 *      '1' to make a duplicate write too (WAIT counts from the connection's last write); its refusal ends with TRUNKLINE_HELD,
 *      event id, payload, digest of each event
 */
export const appendScript = defineScript(
  2,
  `
local function wrong(key, want)
  local kind = redis.call('TYPE', key)['ok']
  return kind ~= 'none' and kind ~= want
end
if wrong(KEYS[1], 'stream') or wrong(KEYS[2], 'hash') then
  return redis.error_reply('TRUNKLINE_TYPE a key of this room has the wrong type')
end
local function refused(reply)
  return type(reply) == 'table' and reply.err
end
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'lastId', 'trimmedOffset', 'trimmedId')
local epoch, offset, lastId = meta[1], tonumber(meta[2] or ''), meta[3] or ''
local trimmedOffset, trimmedId = tonumber(meta[4] or '') or 0, meta[5] or ''
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length = redis.call('XLEN', KEYS[1])
if length == 0 and epoch and offset then trimmedOffset, trimmedId = offset, lastId end
local function restart()
  local fresh = redis.pcall('HSET', KEYS[2], 'epoch', ARGV[1], 'offset', 0, 'lastId', '', 'trimmedOffset', 0, 'trimmedId', '', 'bornOffset', 0, 'bornId', '')
  if refused(fresh) then return fresh end
  redis.call('DEL', KEYS[1])
  epoch, offset, lastId, trimmedOffset, trimmedId, length = ARGV[1], 0, '', 0, '', 0
end
local function add(id, payload)
  return redis.pcall('XADD', KEYS[1], string.format('%.0f-0', offset + 1), 'i', id, 'a', string.format('%.0f', now), 'p', payload)
end
local first, payloads = nil, {}
local function append(key, id, payload, digest)
  local known = redis.pcall('GET', key)
  if refused(known) then return known end
  if known and epoch and offset then
    local life, place, before, heldId = string.match(known, '^(%S+) (%d+) (%S+) (.*)$')
    if life == epoch then
      if before ~= digest then return {'conflict'} end
      local written = ARGV[7] == '1' and redis.pcall('HSET', KEYS[2], 'epoch', epoch)
      if refused(written) then return redis.error_reply(written.err .. ' TRUNKLINE_HELD') end
      return {'duplicate', epoch, tonumber(place), heldId}
    end
  end
  local failed = not (epoch and offset) and restart()
  if failed then return failed end
  local added = add(id, payload)
  if refused(added) and string.find(added.err, 'equal or smaller', 1, true) then
    added = restart() or add(id, payload)
  end
  if refused(added) then return added end
  offset, lastId, length = offset + 1, id, length + 1
  local place = string.format('%.0f', offset)
  redis.call('SET', key, epoch .. ' ' .. place .. ' ' .. digest .. ' ' .. id, 'PX', ARGV[5])
  first = first or place
  payloads[#payloads + 1] = payload
  return {'appended', epoch, offset, id}
end
local answers, shared = {}, true
for index = 3, #KEYS do
  local at = 3 * index - 1
  local answer = append(KEYS[index], ARGV[at], ARGV[at + 1], ARGV[at + 2])
  answers[#answers + 1] = answer
  shared = shared and answer.err and answer.err == answers[1].err
end
if shared then return answers[1] end
if not first then return answers end
local over = length - tonumber(ARGV[2])
local ttl = tonumber(ARGV[3])
local most = math.max(16, 2 * #payloads)
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
local cut, more = trim(math.max(1, math.min(most, over)))
if more and over < most then cut = trim(most) end
if cut > 0 then redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f-0', cut + 1)) end
redis.call('HSET', KEYS[2], 'epoch', epoch, 'offset', string.format('%.0f', offset), 'lastId', lastId,
  'trimmedOffset', string.format('%.0f', trimmedOffset), 'trimmedId', trimmedId)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.pcall('PUBLISH', ARGV[6], '1L' .. epoch .. '\\n' .. first .. '\\n' .. table.concat(payloads, '\\n'))
return answers
`,
);
