-- KEYS: the answer. ARGV: when it was asked for, whom it is about, itself, how long to keep it (ms).
-- Whether it is still true is decided by whoever recalls it; a later one is never overwritten.
local asked_at = redis.call('HGET', KEYS[1], 'asked_at')
if asked_at and tonumber(asked_at) > tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'asked_at', ARGV[1], 'about', ARGV[2], 'answer', ARGV[3])
return redis.call('PEXPIRE', KEYS[1], ARGV[4])
