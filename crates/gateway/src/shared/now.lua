-- The server's time, µs: nodes may disagree about theirs.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
