"""The control group: who belongs to it, and what its users get."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.control import in_control_group, random_slate
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.place_sources import unpack as unpack_sources
from recomind.recommender.served import unpack
from recomind.state.profile import Profile, video_hash


@pytest.fixture
def index():
    found = VideoIndex()
    for number in range(40):
        found.put_video(Video(video_id=f"v{number}", tags=("t",)))
    return found


def slate(index, user="u", seen=(), n=10):
    packed = b"".join(video_hash(one).to_bytes(4, "little") for one in seen)
    return random_slate(index, user, Profile(seen=packed), 5.0, 3, n)


def ids(found):
    return [pick.video_id for pick in found.picks]


def test_a_share_of_the_users_belongs_to_the_group_and_a_larger_share_contains_a_smaller_one():
    users = [f"user {number}" for number in range(20_000)]
    small, large = ({one for one in users if in_control_group(one, share)} for share in (0.05, 0.2))
    assert len(small) == pytest.approx(1000, rel=0.1)
    assert small < large
    assert not any(in_control_group(one, 0.0) for one in users)


def test_a_random_list_leaves_out_what_the_user_acted_on(index):
    seen = [f"v{number}" for number in range(35)]
    assert set(ids(slate(index, seen=seen))) == {f"v{number}" for number in range(35, 40)}
    assert ids(slate(VideoIndex())) == []


def test_equal_input_gives_an_equal_list_and_other_users_get_others(index):
    assert ids(slate(index)) == ids(slate(index))
    assert ids(slate(index)) != ids(slate(index, "w"))
    assert ids(slate(index)) != ids(slate(index, seen=["other"]))


def test_all_videos_are_equally_likely_and_that_is_their_propensity(index):
    counts = np.zeros(40)
    for number in range(2000):
        for video in ids(slate(index, f"u{number}")):
            counts[int(video[1:])] += 1
    assert counts.sum() == 20_000
    assert counts.min() > 400
    assert counts.max() < 600
    found = slate(index)
    assert unpack(found.shown, 9, 10).propensity == pytest.approx(1 / 40, rel=1e-3)
    assert unpack(found.shown, 10, 10) is None
    assert unpack_sources(found.place_sources).tolist() == [0] * 10
