-- KEYS: the answer, the epoch. ARGV: how long an epoch lasts (ms).
-- Answers the time by the server's clock and, unless something changed since it was asked for, the
-- answer. A Redis that lost its memory begins a new epoch: answers of before it count no more,
-- because changes of before it are forgotten.
local t = redis.call('TIME')
local now = string.format('%d%06d', t[1], t[2])
local epoch = redis.call('GET', KEYS[2])
if not epoch then
  epoch = now
  redis.call('SET', KEYS[2], epoch, 'PX', ARGV[1])
end
local kept = redis.call('HMGET', KEYS[1], 'asked_at', 'about', 'answer')
if not kept[1] or tonumber(kept[1]) < tonumber(epoch) then
  return {now}
end
for name in string.gmatch(kept[2], '%S+') do
  local changed = redis.call('GET', name)
  if changed and tonumber(changed) >= tonumber(kept[1]) then
    return {now}
  end
end
return {now, kept[3]}
