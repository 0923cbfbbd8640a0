"""For which local context a list is ranked: the request, the latest action, the metadata; and only what is known."""

import pytest

from recomind.model.catalogue import Video
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.local_lists import QUARTER_HOLDS_S, known_local, local_to_rank
from recomind.recommender.policy.policy import ListRequest
from recomind.state.local_counts import LocalCounts
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile

NOW = 1.7e9


@pytest.fixture
def index():
    index = VideoIndex()
    index.put_video(Video(video_id="v", tags=("cats",)))
    index.put_popularity("v", Popularity(local=LocalCounts({"DE3": (4, 2, 1.0), "FR0": (4, 2, 1.0)})))
    return index


@pytest.mark.parametrize(
    ("asked", "own", "age_s", "country", "likely", "local"),
    [
        ("", "", 0.0, None, "", ""),
        ("DE3", "FR0", 0.0, None, "", "DE3"),
        ("DE", "FR0", 0.0, None, "", "DE0"),
        ("", "FR0", 0.0, "DE", "DE", "FR0"),
        ("", "FR0", QUARTER_HOLDS_S + 1, "DE", "DE", "FR"),
        ("", "3", 0.0, "DE", "FR", "DE3"),
        ("", "", 0.0, None, "FR", "FR"),
        ("", "US1", 0.0, None, "", ""),
        ("0", "US", 0.0, None, "", "0"),
        ("US1", "FR0", 0.0, None, "", "FR0"),
        ("US3", "", 0.0, "DE", "", "DE3"),
    ],
)
def test_what_says_most_comes_first(index, asked, own, age_s, country, likely, local):
    request = ListRequest("u", local=asked, likely_country=likely)
    profile = Profile(local=own, last_at=NOW - age_s)
    assert local_to_rank(request, profile, country, NOW, index) == local


def test_before_anything_is_counted_no_local_context_is_known():
    assert known_local("DE3", VideoIndex()) == ""
