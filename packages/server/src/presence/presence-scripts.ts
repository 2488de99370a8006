import { defineScript } from '../broker/redis/redis-script.js';

/*
 * A room is three keys: members (user id -> JSON list of {c connection, i incarnation, s state as JSON text, '' for none},
 * the last set last and those without one first), index (connection -> user id) and version. Leases are one sorted set (incarnation -> end, by Redis's clock); an
 * incarnation's rooms are a set, so that whoever finds it dead knows where to clean.
 */
const SHARED = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function alive(leases, incarnation, now)
  local till = redis.call('ZSCORE', leases, incarnation)
  return till and tonumber(till) > now
end
local function load(members, user)
  local kept = redis.call('HGET', members, user)
  return kept and cjson.decode(kept) or {}
end
local function save(members, user, list)
  if #list == 0 then redis.call('HDEL', members, user)
  else redis.call('HSET', members, user, cjson.encode(list)) end
end
local function nextVersion(key, now)
  redis.call('SET', key, string.format('%.0f', now), 'NX')
  return redis.call('INCR', key)
end
local function rest(members, version)
  -- Versions of an empty room are kept for a while; they begin at the clock, so they rise over lives.
  if redis.call('EXISTS', members) == 1 then redis.call('PERSIST', version)
  else redis.call('PEXPIRE', version, 86400000) end
end
local function ids(list)
  local found = {}
  for _, one in ipairs(list) do found[#found + 1] = one.c end
  return #found == 0 and '[]' or cjson.encode(found)
end
`;

/**
 * KEYS members, index, version, leases, the incarnation's rooms, the user's rooms
 * ARGV user, connection, incarnation, state, room
 * Returns 'lost' (no lease), 'same', or change, version, connection ids, state, whose state
 */
export const touchScript = defineScript(
  6,
  `${SHARED}
local now = clock()
if not alive(KEYS[4], ARGV[3], now) then return {'lost'} end
local list = load(KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('SADD', KEYS[5], ARGV[5])
redis.call('SADD', KEYS[6], ARGV[5])
local fresh = #list == 0
local last = list[#list]
local known = false
for index, one in ipairs(list) do
  if one.c == ARGV[2] then
    if one.i ~= ARGV[3] and one.s == ARGV[4] and alive(KEYS[4], one.i, now) then
      -- Its node goes on under another incarnation: nobody sees a change, and it is not the state set last.
      one.i = ARGV[3]
      save(KEYS[1], ARGV[1], list)
      return {'same'}
    end
    known = one.i == ARGV[3]
    table.remove(list, index)
    break
  end
end
local own = {c = ARGV[2], i = ARGV[3], s = ARGV[4]}
if own.s == '' then table.insert(list, 1, own) else list[#list + 1] = own end
save(KEYS[1], ARGV[1], list)
local newest = list[#list]
if known and last.s == newest.s then return {'same'} end
local version = nextVersion(KEYS[3], now)
rest(KEYS[1], KEYS[3])
return {fresh and 'join' or 'update', version, ids(list), newest.s, newest.c}
`,
);

/**
 * KEYS members, index, version
 * ARGV connection, room, prefix of the users' rooms, prefix of the incarnations' rooms
 * Returns nothing, or change, version, connection ids, state, whose state, user
 */
export const removeScript = defineScript(
  3,
  `${SHARED}
local function holds(members, incarnation)
  -- To look at all of a large room at each leave would cost too much: it stays noted until one leaves it when it is small.
  if redis.call('HLEN', members) > 32 then return true end
  for _, kept in ipairs(redis.call('HVALS', members)) do
    if string.find(kept, incarnation, 1, true) then return true end
  end
  return false
end
local user = redis.call('HGET', KEYS[2], ARGV[1])
if not user then return {} end
redis.call('HDEL', KEYS[2], ARGV[1])
local list = load(KEYS[1], user)
local last, found = list[#list], nil
for index, one in ipairs(list) do
  if one.c == ARGV[1] then
    found = table.remove(list, index)
    break
  end
end
if not found then return {} end
save(KEYS[1], user, list)
if not holds(KEYS[1], found.i) then redis.call('SREM', ARGV[4] .. found.i, ARGV[2]) end
local version = nextVersion(KEYS[3], clock())
rest(KEYS[1], KEYS[3])
if #list > 0 then return {'update', version, ids(list), list[#list].s, list[#list].c, user} end
redis.call('SREM', ARGV[3] .. user, ARGV[2])
return {'leave', version, ids(list), last.s, last.c, user}
`,
);

/**
 * KEYS members, version, leases. ARGV a version that was told
 * Returns version, above the one told, then user, connection ids, state of each live member
 */
export const listScript = defineScript(
  3,
  `${SHARED}
local now = clock()
local version, above = tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[1])
if version == 0 or version <= above then
  version = math.max(now, above + 1)
  redis.call('SET', KEYS[2], string.format('%.0f', version))
  rest(KEYS[1], KEYS[2])
end
local reply, lives = {version}, {}
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local list = {}
  for _, one in ipairs(cjson.decode(all[index + 1])) do
    if lives[one.i] == nil then lives[one.i] = alive(KEYS[3], one.i, now) or false end
    if lives[one.i] then list[#list + 1] = one end
  end
  if #list > 0 then
    reply[#reply + 1] = all[index]
    reply[#reply + 1] = ids(list)
    reply[#reply + 1] = list[#list].s
  end
end
return reply
`,
);

/** KEYS members, leases. ARGV user. Returns 1 when one of the user's connections is of a live node. */
export const presentScript = defineScript(
  2,
  `${SHARED}
local now = clock()
for _, one in ipairs(load(KEYS[1], ARGV[1])) do
  if alive(KEYS[2], one.i, now) then return 1 end
end
return 0
`,
);

/**
 * Removes what a dead incarnation left in one room.
 *
 * KEYS members, index, version, leases, the incarnation's rooms
 * ARGV incarnation, room, prefix of the users' rooms
 * Returns change, version, connection ids, state, whose state, user of each member it changed
 */
export const buryScript = defineScript(
  5,
  `${SHARED}
local now = clock()
if alive(KEYS[4], ARGV[1], now) then return {} end
local reply = {}
local all = redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local user, list, left = all[index], cjson.decode(all[index + 1]), {}
  for _, one in ipairs(list) do
    if one.i == ARGV[1] then redis.call('HDEL', KEYS[2], one.c) else left[#left + 1] = one end
  end
  if #left < #list then
    save(KEYS[1], user, left)
    local last = #left > 0 and left[#left] or list[#list]
    if #left == 0 then redis.call('SREM', ARGV[3] .. user, ARGV[2]) end
    reply[#reply + 1] = #left > 0 and 'update' or 'leave'
    reply[#reply + 1] = nextVersion(KEYS[3], now)
    reply[#reply + 1] = ids(left)
    reply[#reply + 1] = last.s
    reply[#reply + 1] = last.c
    reply[#reply + 1] = user
  end
end
rest(KEYS[1], KEYS[3])
redis.call('SREM', KEYS[5], ARGV[2])
return reply
`,
);

/** KEYS leases. ARGV incarnation, ttl, '1' to register. Returns 1 when it lives now. */
export const leaseScript = defineScript(
  1,
  `${SHARED}
local now = clock()
if ARGV[3] ~= '1' and not alive(KEYS[1], ARGV[1], now) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
return 1
`,
);

/** KEYS leases. ARGV '1' for those alone that were given up. Returns incarnations whose lease ran out. */
export const deadScript = defineScript(
  1,
  `${SHARED}
local till = ARGV[1] == '1' and '0' or string.format('%.0f', clock())
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', till, 'LIMIT', 0, 100)
`,
);

/** KEYS leases, the incarnation's rooms. ARGV incarnation. Forgets it when nothing of it is left. */
export const forgetScript = defineScript(
  2,
  `${SHARED}
if alive(KEYS[1], ARGV[1], clock()) or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
`,
);
