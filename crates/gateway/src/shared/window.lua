-- One caller's calls of the last window, oldest first: the rule of limit/window.rs. KEYS: the calls.
-- ARGV: how many may be, in how long (µs). `now` is set before. Answers whether one more was taken,
-- how many are left, and when the oldest leaves the window (µs from now).
local calls, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local newest = tonumber(redis.call('LINDEX', KEYS[1], -1) or now)
local at = math.max(newest, now)
if newest - now >= window then
  redis.call('DEL', KEYS[1])
  at = now
end
-- The list is in order: how many have left the window is found by halving.
local gone, inside = 0, redis.call('LLEN', KEYS[1])
while gone < inside do
  local middle = math.floor((gone + inside) / 2)
  if at - redis.call('LINDEX', KEYS[1], middle) >= window then
    gone = middle + 1
  else
    inside = middle
  end
end
if gone > 0 then
  redis.call('LTRIM', KEYS[1], gone, -1)
end
local left = calls - redis.call('LLEN', KEYS[1])
local taken = left > 0
if taken then
  redis.call('RPUSH', KEYS[1], string.format('%.0f', at))
  redis.call('PEXPIRE', KEYS[1], math.ceil((at + window - now) / 1000))
  left = left - 1
end
local oldest = redis.call('LINDEX', KEYS[1], 0)
return {taken and 1 or 0, left, oldest + window - now}
