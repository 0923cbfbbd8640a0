"""What both implementations of `KeyValueStore` do: in memory and Redis."""

import asyncio

import pytest

from recomind.dev.stack.server import free_port
from recomind.errors import OutdatedError, UnavailableError
from recomind.stores import keys
from recomind.stores.fencing import Fence
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.redis_store import RedisStore


async def test_values_are_returned_in_the_order_of_their_keys(store):
    await store.set_many({"contract:a": b"1", "contract:b": b"2"})
    assert await store.get_many(["contract:b", "contract:none", "contract:a"]) == [b"2", None, b"1"]


async def test_reading_writing_and_deleting_no_keys_does_nothing(store):
    assert await store.get_many([]) == []
    await store.set_many({})
    await store.delete([])


async def test_a_deleted_key_is_absent(store):
    await store.set_many({"contract:gone": b"1"}, ttl=60)
    await store.delete(["contract:gone"])
    assert await store.get_many(["contract:gone"]) == [None]


async def test_values_are_set_only_if_absent_and_if_the_precondition_holds(store):
    await store.delete(["contract:precondition", "contract:set"])
    assert not await store.set_if_absent({"contract:set": b"x"}, 60, ("contract:precondition", b"1"))
    assert await store.set_if_absent({"contract:set": b"y"}, 60, ("contract:precondition", None))
    assert not await store.set_if_absent({"contract:set": b"z"}, 60, ("contract:precondition", None))
    assert await store.get_many(["contract:set"]) == [b"y"]
    await store.delete(["contract:set"])
    await store.set_many({"contract:precondition": b"1"}, 60)
    assert not await store.set_if_absent({"contract:set": b"z"}, 60, ("contract:precondition", None))
    assert await store.set_if_absent({"contract:set": b"z"}, 60, ("contract:precondition", b"1"))
    assert await store.get_many(["contract:set"]) == [b"z"]


async def test_values_that_are_set_if_absent_may_have_no_ttl(store):
    await store.delete(["contract:lasting"])
    assert await store.set_if_absent({"contract:lasting": b"1"}, None, ("contract:lasting", None))
    assert not await store.set_if_absent({"contract:lasting": b"2"}, None, ("contract:lasting", None))
    assert await store.get_many(["contract:lasting"]) == [b"1"]


async def test_an_outdated_generation_deletes_nothing(store):
    await store.set_many({"contract:kept": b"1"}, 60, Fence("contract-delete", 7))
    with pytest.raises(OutdatedError):
        await store.delete(["contract:kept"], Fence("contract-delete", 6))
    assert await store.get_many(["contract:kept"]) == [b"1"]
    await store.delete(["contract:kept"], Fence("contract-delete", 7))
    assert await store.get_many(["contract:kept"]) == [None]


async def test_keys_are_found_by_prefix(store):
    await store.set_many({"contract:scan:a": b"1", "contract:scan:b": b"2", "contract:other": b"3"})
    assert {key async for key in store.scan_keys("contract:scan:")} == {"contract:scan:a", "contract:scan:b"}


async def test_absent_keys_are_found(store):
    await store.set_many({"contract:there": b"1"})
    assert await store.absent(["contract:gone", "contract:there", "contract:never"]) == [
        "contract:gone",
        "contract:never",
    ]
    assert await store.absent([]) == []


async def test_a_store_says_whether_it_deletes_values_to_make_room(store):
    assert (await store.eviction_policy(), await store.evicted_keys()) == ("noeviction", 0)


async def test_values_in_memory_expire_after_their_ttl():
    now = [0.0]
    store = InMemoryStore(clock=lambda: now[0])
    await store.set_many({"a": b"1"}, ttl=10)
    now[0] = 9.9
    assert await store.get_many(["a"]) == [b"1"]
    now[0] = 10.0
    assert await store.get_many(["a"]) == [None]


async def test_redis_that_does_not_answer_is_unavailable():
    store = RedisStore(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(UnavailableError, match="Redis"):
        await store.get_many(["a"])
    await store.close()


async def test_keys_whose_values_contain_any_of_some_parts_are_found(store):
    values = {"contract:a": b'["x.y"]', "contract:b": b'["xzy"]', "contract:c": b'["other"]'}
    await store.set_many(values, 60)
    assert await store.containing([*values, "contract:absent"], [b'"x.y"', b'"none"']) == ["contract:a"]
    assert await store.containing(list(values), [b'"x.y"', b'"xzy"']) == ["contract:a", "contract:b"]
    assert await store.containing([], [b"x"]) == await store.containing(list(values), []) == []


async def test_an_earlier_generation_cannot_write_after_a_later_one(store):
    await store.delete([keys.generation("contract")])
    await store.set_many({"contract:fenced": b"1"}, 60, Fence("contract", 6))
    await store.set_many({"contract:fenced": b"2"}, 60, Fence("contract", 7))
    with pytest.raises(OutdatedError, match="later generation of the group than 6"):
        await store.set_many({"contract:fenced": b"3"}, 60, Fence("contract", 6))
    await store.set_many({"contract:beside": b"4"}, 60, Fence("contract, another", 1))
    assert await store.get_many(["contract:fenced", "contract:beside"]) == [b"2", b"4"]


async def test_a_stream_is_read_from_an_entry_id(store):
    start = await store.stream_end("contract:stream")
    for message in (b"1", b"2"):
        await store.append("contract:stream", message, 60)
    last, messages = await store.read_stream("contract:stream", start)
    assert messages == [b"1", b"2"]
    assert last == await store.stream_end("contract:stream")
    assert await store.read_stream("contract:stream", last) == (last, [])


async def test_an_outdated_generation_appends_nothing_to_a_stream(store):
    await store.delete([keys.generation("contract-stream")])
    start = await store.stream_end("contract:fenced-stream")
    await store.append("contract:fenced-stream", b"1", 60, Fence("contract-stream", 7))
    with pytest.raises(OutdatedError):
        await store.append("contract:fenced-stream", b"2", 60, Fence("contract-stream", 6))
    assert (await store.read_stream("contract:fenced-stream", start))[1] == [b"1"]


async def test_old_entries_of_a_stream_are_trimmed(store):
    start = await store.stream_end("contract:short-stream")
    await store.append("contract:short-stream", b"1" * 5000, 1)  # Redis trims entries in blocks of 4 KiB
    await asyncio.sleep(2.1)
    await store.append("contract:short-stream", b"2", 1)
    assert (await store.read_stream("contract:short-stream", start))[1] == [b"2"]
