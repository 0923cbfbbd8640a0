"""Lua scripts: what Redis does in one atomic step."""

from typing import Final

from recomind.stores.fencing import GENERATION_TTL_S

SET_MANY: Final = """\
for at, key in ipairs(KEYS) do
    if ARGV[1] == '0' then redis.call('SET', key, ARGV[at + 1])
    else redis.call('SET', key, ARGV[at + 1], 'EX', ARGV[1]) end
end
"""
"""Sets many keys with one TTL; 0 means none. One script takes a tenth of the time of a pipeline of SET commands."""

CHECK_FENCE: Final = f"""\
local mine, latest = tonumber(ARGV[#ARGV]), tonumber(redis.call('GET', KEYS[#KEYS]) or '0')
if latest > mine then return 0 end
redis.call('SET', KEYS[#KEYS], mine, 'EX', {GENERATION_TTL_S})
KEYS[#KEYS] = nil
"""
"""Returns 0 if the caller's generation (the last argument) is lower than the latest one (the last key)."""

SET_MANY_FENCED: Final = f"{CHECK_FENCE}{SET_MANY}return 1"
"""`SET_MANY` behind the fence; returns 1 if the caller's generation is current."""

SET_AND_PUBLISH: Final = """\
for at, key in ipairs(KEYS) do redis.call('SET', key, ARGV[2 * at + 2], 'EX', ARGV[2 * at + 1]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
"""
"""Sets keys, each with its own TTL, then publishes a message. Replaces one command per TTL and a PUBLISH."""

SET_AND_PUBLISH_FENCED: Final = f"{CHECK_FENCE}{SET_AND_PUBLISH}"
"""`SET_AND_PUBLISH` behind the fence; returns 1 if the caller's generation is current."""

DELETE_FENCED: Final = f"{CHECK_FENCE}redis.call('DEL', unpack(KEYS))\nreturn 1"
"""Deletes keys behind the fence; returns 1 if the caller's generation is current."""

SET_IF_ABSENT: Final = f"""\
if redis.call('EXISTS', KEYS[1]) == 1 or (redis.call('GET', KEYS[#KEYS]) or '') ~= ARGV[#ARGV] then return 0 end
KEYS[#KEYS] = nil
{SET_MANY}return 1
"""
"""`SET_MANY` if the first key is absent and the last key has the expected value; an empty value means absent.

Returns 1 if the keys were set.
"""

SET_IF_ABSENT_AND_PUBLISH: Final = f"""\
local number = tonumber(ARGV[#ARGV])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for at = 1, number do
    if (redis.call('GET', KEYS[#KEYS - number + at]) or '') ~= ARGV[#ARGV - 1 - number + at] then return 0 end
end
for at = 1, number do KEYS[#KEYS] = nil end
{SET_AND_PUBLISH}"""
"""`SET_AND_PUBLISH` if the first key is absent and the last keys have the expected values; an empty one means absent.

The last argument is the number of preconditions, before it are the values that they expect. Returns 1 if the keys were
set.
"""

ABSENT: Final = """\
local absent = {}
for at, key in ipairs(KEYS) do if redis.call('EXISTS', key) == 0 then absent[#absent + 1] = at end end
return absent
"""
"""The numbers, from 1, of the keys that do not exist."""

CONTAINING: Final = """\
local found = {}
for at, key in ipairs(KEYS) do
    local value = redis.call('GET', key)
    if value then
        for _, part in ipairs(ARGV) do
            if string.find(value, part, 1, true) then found[#found + 1] = at break end
        end
    end
end
return found
"""
"""The numbers, from 1, of the keys whose values contain any of the arguments."""

APPEND: Final = """\
local since = (redis.call('TIME')[1] - ARGV[1]) * 1000
redis.call('XADD', KEYS[1], 'MINID', '~', since, '*', 'm', ARGV[2])
return 1
"""
"""XADD that also trims entries older than ARGV[1] seconds (approximately)."""

APPEND_FENCED: Final = f"{CHECK_FENCE}{APPEND}"
"""`APPEND` behind the fence; returns 1 if the caller's generation is current."""
