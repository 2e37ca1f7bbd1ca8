-- KEYS: one for each name that changed. ARGV: how long to remember it (ms), the channel, what is told.
-- The time is the server's: nodes may disagree about theirs.
local t = redis.call('TIME')
local now = string.format('%d%06d', t[1], t[2])
for _, key in ipairs(KEYS) do
  redis.call('SET', key, now, 'PX', ARGV[1])
end
return redis.call('PUBLISH', ARGV[2], ARGV[3])
