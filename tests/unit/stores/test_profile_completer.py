"""Profiles are completed from the worker's own table, the read model, or the archive."""

import pytest

from recomind.errors import UnavailableError
from recomind.state.profile import Profile
from recomind.state.seen_blocks import block_of_videos
from recomind.stores.archive import Archive
from recomind.stores.profile_completer import ProfileCompleter

RECENT = block_of_videos(["recent"]).seen
BLOCKS = [block_of_videos(["a", "b"]), block_of_videos(["c"])]
COMPLETE = block_of_videos(["a", "b", "c", "recent"]).seen


class FixedArchive:
    async def seen_videos(self, user_id):
        return {"u": ["c", "b", "a", "recent"]}[user_id]


@pytest.fixture
def completer(read_model):
    return ProfileCompleter(read_model, FixedArchive())


async def test_a_profile_without_blocks_is_complete(completer, store):
    profile = Profile(seen=RECENT)
    assert (await completer.complete({"u": profile}))["u"] is profile
    assert store.read_keys == []


async def test_blocks_of_own_users_are_not_read(completer, store):
    completer.own_block = lambda user_id, number: BLOCKS[number] if user_id == "u" else None
    found = await completer.complete({"u": Profile(seen=RECENT, seen_blocks=2), "other": Profile()})
    assert found == {"u": Profile(seen=COMPLETE, seen_blocks=2), "other": Profile()}
    assert store.read_keys == []


async def test_blocks_of_other_users_are_read_each_time(completer, read_model, store):
    profile = Profile(seen=RECENT, seen_blocks=2)
    await read_model.put_profiles({"u": profile}, {("u", number): block for number, block in enumerate(BLOCKS)})
    for _ in range(2):
        assert (await completer.complete({"u": profile}))["u"].seen == COMPLETE
    assert store.read_keys == 2 * ["seen_block:u:0", "seen_block:u:1"]


async def test_the_archive_replaces_blocks_of_which_one_is_missing(completer, read_model):
    profile = Profile(seen=RECENT, seen_blocks=2)
    await read_model.put_profiles({"u": profile}, {("u", 1): BLOCKS[1]})
    assert (await completer.complete({"u": profile}))["u"].seen == block_of_videos(
        ["c", "b", "a", "recent"]
    ).seen + RECENT


async def test_a_missing_block_is_an_error_while_the_archive_is_unavailable(read_model):
    with pytest.raises(UnavailableError):
        await ProfileCompleter(read_model, Archive("")).complete({"u": Profile(seen_blocks=1)})
