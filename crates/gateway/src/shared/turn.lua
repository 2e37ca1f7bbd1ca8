-- One line of turns for all nodes. KEYS: the line.
-- ARGV: what a turn takes, how far ahead a turn may be (both µs).
-- Answers whether the turn was taken, and how far ahead it is.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local turn = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local ahead = turn - now
if ahead > tonumber(ARGV[2]) then
  return {0, ahead}
end
local after = turn + ARGV[1]
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, ahead}
