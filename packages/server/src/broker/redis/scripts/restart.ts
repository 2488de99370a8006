import { defineScript } from '../redis-script.js';

/**
 * Starts a new epoch: always and empty (purge), nothing retained either, or with the entries kept and only while the room
 * is still in the given epoch (a rewind was found). Subscribers are told to check.
 *
 * KEYS log, meta, retained, its order
 * ARGV new epoch, meta ttl, channel, epoch to replace ('' for a purge)
 * Returns epoch, offset, last id in force
 */
export const restartScript = defineScript(
  4,
  `
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'offset', 'lastId')
if ARGV[4] ~= '' and meta[1] and meta[1] ~= ARGV[4] then return {meta[1], meta[2] or '0', meta[3] or ''} end
local offset, lastId = '0', ''
if ARGV[4] == '' or not meta[2] then
  redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'offset', 0, 'lastId', '', 'trimmedOffset', 0, 'trimmedId', '', 'bornOffset', 0, 'bornId', '')
  redis.call('DEL', KEYS[1])
  if ARGV[4] == '' then redis.call('DEL', KEYS[3], KEYS[4]) end
else
  offset, lastId = meta[2], meta[3] or ''
  redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'bornOffset', offset, 'bornId', lastId)
end
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
redis.pcall('PUBLISH', ARGV[3], '1C')
return {ARGV[1], offset, lastId}
`,
);
