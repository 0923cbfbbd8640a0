"""Blocks of seen videos in the read model, over both implementations of `KeyValueStore`."""

import pytest

from recomind.errors import OutdatedError
from recomind.state.profile import Profile
from recomind.state.seen_blocks import SeenBlock
from recomind.stores import keys, seen_blocks
from recomind.stores.fencing import Fence
from recomind.stores.read_model import ReadModel


def blocks_of(user_id, *numbers):
    return {(user_id, number): SeenBlock({0: number}, bytes(4) * (number + 1)) for number in numbers}


async def stored(store, user_id, count):
    return sorted(number for _, number in await seen_blocks.get(store, [(user_id, one) for one in range(count)]))


async def test_blocks_are_stored_with_the_profile_that_counts_them(store):
    model, blocks = ReadModel(store), blocks_of("seen:1", 0, 1)
    await model.put_profiles({"seen:1": Profile(seen_blocks=2)}, blocks)
    places = [("seen:1", 0), ("seen:1", 1), ("seen:1", 2), ("seen", 0)]
    assert await seen_blocks.get(store, places) == blocks


@pytest.mark.parametrize("count", [1, 100, 250])
async def test_an_erasure_deletes_all_blocks_and_those_sealed_later_stay(store, count):
    model = ReadModel(store)
    await model.put_profiles({"gone": Profile(seen_blocks=count)}, blocks_of("gone", *range(count)))
    await model.put_profiles({"other": Profile(seen_blocks=1)}, blocks_of("other", 0))
    await model.put_profiles({"gone": Profile(erasure_offset=7)})
    assert await stored(store, "gone", count) == []
    assert await stored(store, "other", 1) == [0]
    back = Profile(erasure_offset=7, view_count=400, seen_blocks=1)
    await model.put_profiles({"gone": back}, blocks_of("gone", 0))
    await model.put_profiles({"gone": back})
    assert await stored(store, "gone", 2) == [0]


async def test_old_blocks_of_an_erased_user_are_deleted_though_the_profile_has_new_ones(store):
    """An erasure, and 384 actions after it, may be published at once, or by another owner after a crash."""
    model = ReadModel(store)
    await model.put_profiles({"quick": Profile(seen_blocks=5)}, blocks_of("quick", *range(5)))
    new = blocks_of("quick", 0)
    await model.put_profiles({"quick": Profile(erasure_offset=7, view_count=400, seen_blocks=1)}, new)
    assert await seen_blocks.get(store, [("quick", number) for number in range(5)]) == new


async def test_a_deletion_that_ends_early_leaves_what_the_next_one_finds(store, monkeypatch):
    model, delete = ReadModel(store), store.delete
    await model.put_profiles({"part": Profile(seen_blocks=250)}, blocks_of("part", *range(250)))
    calls = []

    async def fail_at_the_second_call(names, fence=None):
        calls.append(names)
        if len(calls) == 2:
            raise OutdatedError("Redis", 1)
        await delete(names, fence)

    monkeypatch.setattr(store, "delete", fail_at_the_second_call)
    with pytest.raises(OutdatedError):
        await seen_blocks.delete_from(store, {"part": 0}, None)
    assert await stored(store, "part", 250) == list(range(200))
    await seen_blocks.delete_from(store, {"part": 0}, None)
    assert await stored(store, "part", 250) == []


async def test_blocks_are_fenced(store):
    model, outdated = ReadModel(store), ReadModel(store)
    outdated.fence, model.fence = Fence("block owners", 1), Fence("block owners", 2)
    await model.put_watermarks({5: {5: 1}}, {})
    with pytest.raises(OutdatedError):
        await outdated.put_profiles({}, blocks_of("fenced", 0))
    assert await store.get_many([keys.seen_block("fenced", 0)]) == [None]
