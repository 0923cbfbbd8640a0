"""Seen videos without a bound: the oldest fingerprints move into blocks, none is lost, and few videos share one."""

from uuid import UUID

import msgspec
import numpy as np
import pytest

from recomind.model.events import Action, EraseUser
from recomind.model.signals import SourceOffset
from recomind.state import profile_fold
from recomind.state.fingerprints import video_hash
from recomind.state.profile import MAX_SEEN, Profile, has_seen, without_video
from recomind.state.seen_blocks import (
    BLOCK_SIZE,
    BlockSearch,
    SeenBlock,
    block_key,
    block_of_key,
    block_of_videos,
    complete,
    seal,
    seal_after,
)


def view(number):
    return SourceOffset(0, number), Action("u", f"v{number}", "view", float(number))


def watched(count, start=None, first=0):
    """The profile and the blocks of a user who watches `count` videos."""
    user, blocks = start or Profile(), []
    for number in range(first, first + count):
        user, _ = profile_fold.fold(user, *view(number))
        user, block = seal(user)
        blocks += [block] if block else []
    return user, blocks


def fingerprints(seen):
    return np.frombuffer(seen, "<u4").tolist()


def test_the_oldest_videos_are_sealed_and_none_is_lost():
    user, blocks = watched(5000)
    assert user.seen_blocks == len(blocks) == 19
    assert {len(block.seen) for block in blocks} == {4 * BLOCK_SIZE}
    assert len(user.seen) == 4 * (5000 - 19 * BLOCK_SIZE)
    assert fingerprints(complete(user, blocks).seen) == [video_hash(f"v{number}") for number in range(5000)]
    assert len(msgspec.msgpack.encode(user)) <= 4096
    assert len(msgspec.msgpack.encode(blocks[0])) <= 4 * BLOCK_SIZE + 16


def test_a_block_is_sealed_at_its_size_only():
    user, blocks = watched(MAX_SEEN - 1)
    assert blocks == []
    user, [block] = watched(1, user, MAX_SEEN - 1)
    assert (len(user.seen), user.seen_blocks) == (4 * (MAX_SEEN - BLOCK_SIZE), 1)
    assert block.applied_offsets == user.applied_offsets
    assert seal(user) == (user, None)


def test_actions_that_come_again_after_a_crash_give_the_same_blocks():
    user, _ = watched(300)
    first, again = watched(400, user, 300), watched(400, user, 300)
    assert first == again
    assert watched(400, first[0], 300) == (first[0], [])


def test_a_profile_of_version_1_goes_on():
    """It had no field `seen_blocks`, and up to 400 videos."""
    user, _ = watched(10)
    old = list(msgspec.to_builtins(user, builtin_types=(bytes,)))[:-1]
    old[3] = b"".join(video_hash(f"v{number}").to_bytes(4, "little") for number in range(400))
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=Profile)
    assert read == msgspec.structs.replace(user, seen=old[3])
    after, [block] = watched(1, read, 400)
    assert (len(after.seen), after.seen_blocks) == (4 * (401 - BLOCK_SIZE), 1)
    assert fingerprints(complete(after, [block]).seen) == [video_hash(f"v{number}") for number in range(401)]


def test_a_repeated_like_is_recognised_when_its_video_is_in_a_block():
    user, _ = profile_fold.fold(Profile(), SourceOffset(0, 0), Action("u", "liked", "like", 0.5))
    user, _ = watched(600, user, 1)
    assert not has_seen(user, "liked")
    after, signals = profile_fold.fold(user, SourceOffset(0, 601), Action("u", "liked", "like", 601.0))
    assert signals[0].is_repeat
    assert len(after.likes) == 1


def test_a_search_finds_each_fingerprint_whatever_shares_its_slot_and_no_other():
    draw = np.random.default_rng(0)
    fingerprints = draw.permutation(np.unique(draw.integers(1, 2**32, 20_000, np.uint32)))[: 70 * BLOCK_SIZE]
    fingerprints[1::2] = (fingerprints[1::2] & ~np.uint32(2**16 - 1)) | (fingerprints[::2] & np.uint32(2**16 - 1))
    blocks = [SeenBlock({}, one.astype("<u4").tobytes()) for one in fingerprints.reshape(-1, BLOCK_SIZE)]
    search, known = BlockSearch(lambda _, number: blocks[number]), set()
    for count, block in enumerate(blocks, 1):
        known.update(np.frombuffer(block.seen, "<u4").tolist())
        in_blocks = search.of_user("u", Profile(seen_blocks=count))
        assert in_blocks(int(fingerprints[0]))
        assert [one for one in range(2000) if in_blocks(one)] == sorted(one for one in known if one < 2000)
    assert all(map(in_blocks, fingerprints.tolist()))
    others = set(draw.integers(1, 2**32, 20_000, np.uint32).tolist()) - known
    assert not any(map(in_blocks, others))


def test_an_erasure_removes_all_blocks_and_the_first_is_number_0_again():
    before, _ = watched(1000)
    after, _ = profile_fold.apply_event(before, SourceOffset(0, 1000), 1000, EraseUser("u"))
    assert after.seen_blocks == 0
    sealed, changes = seal_after("u", before, after)
    assert (sealed, changes) == (after, {block_key("u", number): None for number in range(3)})
    back, _ = watched(MAX_SEEN - 1, after, 1001)
    folded, _ = profile_fold.fold(back, *view(1001 + MAX_SEEN))
    sealed, changes = seal_after("u", back, folded)
    assert list(changes) == [block_key("u", 0)]
    assert sealed.seen_blocks == 1


@pytest.mark.parametrize("user_id", ["u", "u:1", "1", "a b\u00a7:", "u1"])
def test_a_key_names_one_block_of_one_user(user_id):
    assert block_of_key(block_key(user_id, 12)) == (user_id, 12)
    assert block_key("u", 11) != block_key("u1", 1)


def test_a_video_is_taken_out_of_a_complete_profile_each_time_it_is_there():
    user = complete(Profile(seen=block_of_videos(["b", "a"]).seen), [SeenBlock({}, block_of_videos(["a", "c"]).seen)])
    assert fingerprints(without_video(user, "a").seen) == [video_hash("c"), video_hash("b")]


@pytest.mark.parametrize("name", [lambda n: f"v{n}", lambda n: str(UUID(int=n * 0x9E3779B97F4A7C15 % 2**128)), str])
def test_at_most_one_unseen_video_in_1000_is_taken_for_a_seen_one(name):
    """With 50,000 seen videos of 250,000."""
    seen = np.array([video_hash(name(number)) for number in range(50_000)])
    unseen = np.array([video_hash(name(number)) for number in range(50_000, 250_000)])
    assert np.isin(unseen, seen).mean() <= 0.001
