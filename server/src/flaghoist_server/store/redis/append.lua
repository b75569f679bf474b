-- Append entries to the logs of one or more environments, and keep an answer: all of it or nothing.
--
-- KEYS  for each environment: its head (hash), log (stream) and index of touched flags (sorted
--       set); then the key of the answer, if there is one.
-- ARGV  again ('1': this may be the second time that the same is sent), channel for hints,
--       answer ('' if none), milliseconds to keep it, number of environments; then for each:
--         name; epoch, version and hash that its head must have (all '' if it must not exist);
--         epoch, version, hash and time of its new head;
--         number of entries, then for each: version, entry, number of index members, members.
--
-- Returns {'appended', version from which a snapshot is due or '', … for each environment}
--      or {'conflict', index of the environment, epoch, version, hash and time of its head}.
--
-- A script is not rolled back when it fails: everything is looked at before anything is written,
-- and a hint that may not be published (an ACL) is done without.

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end
local function take_list()
  local list = {}
  for i = 1, tonumber(take()) do list[i] = take() end
  return list
end

local again, channel, answer, answer_ms = take() == '1', take(), take(), take()
local count = tonumber(take())
local answer_key = KEYS[3 * count + 1]

local environments, already = {}, 0
for i = 1, count do
  local one = {
    name = take(),
    expected = { take(), take(), take() },
    new = { take(), take(), take(), take() },
    entries = {},
  }
  for e = 1, tonumber(take()) do
    one.entries[e] = { version = take(), body = take(), touched = take_list() }
  end
  local head = redis.call('HMGET', KEYS[3 * i - 2], 'epoch', 'version', 'hash', 'at')
  for field = 1, 4 do head[field] = head[field] or '' end
  if again and head[1] == one.new[1] and head[2] == one.new[2] and head[3] == one.new[3] then
    already = already + 1
  end
  one.head = head
  environments[i] = one
end

if count == 0 or already < count then
  for i, one in ipairs(environments) do
    local answered = answer_key and i == 1 and redis.call('EXISTS', answer_key) == 1
    local head, expected = one.head, one.expected
    if answered or head[1] ~= expected[1] or head[2] ~= expected[2] or head[3] ~= expected[3] then
      return { 'conflict', i, head[1], head[2], head[3], head[4] }
    end
  end
  for i, one in ipairs(environments) do
    local head_key, log_key, touched_key = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
    for _, entry in ipairs(one.entries) do
      redis.call('XADD', log_key, entry.version .. '-0', 'entry', entry.body)
      for _, member in ipairs(entry.touched) do redis.call('ZADD', touched_key, 0, member) end
    end
    redis.call('HSET', head_key,
      'epoch', one.new[1], 'version', one.new[2], 'hash', one.new[3], 'at', one.new[4])
    redis.pcall('PUBLISH', channel, one.name)
  end
  if answer_key then redis.call('SET', answer_key, answer, 'PX', answer_ms) end
else
  -- WAIT waits for what its own connection has written: give this one something to wait for.
  redis.call('HSET', KEYS[1], 'at', environments[1].new[4])
end

local reply = { 'appended' }
for i = 1, count do
  reply[i + 1] = redis.call('HGET', KEYS[3 * i - 2], 'snapshot_due') or ''
end
return reply
