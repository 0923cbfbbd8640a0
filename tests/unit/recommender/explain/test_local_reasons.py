"""A video that does well in a country or at an hour says so."""

import pytest

from recomind.model.catalogue import Video
from recomind.recommender.explain.local_reasons import local_reason
from recomind.recommender.index.video_index import VideoIndex
from recomind.state.local_counts import LocalCounts
from recomind.state.popularity import Popularity

MANY = (900, 90, 90.0)
GOOD = (900, 300, 90.0)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ({"DE3": MANY}, []),
        ({"DE3": GOOD, "FR3": MANY, "FR0": MANY}, ["Popular in your country"]),
        ({"DE3": GOOD, "DE0": MANY, "FR3": MANY, "FR0": MANY}, ["Popular in your country this evening"]),
        ({"DE0": GOOD, "DE3": GOOD, "FR3": GOOD, "FR0": MANY}, ["Popular in your country this evening"]),
        ({"DE0": GOOD, "DE3": GOOD, "FR3": MANY}, ["Popular in your country this evening"]),
        ({"DE": GOOD}, ["Popular in your country"]),
        ({"3": GOOD}, ["Popular this evening"]),
        ({"DE": (900, 0, 90.0)}, []),
    ],
)
def test_what_makes_it_popular_is_named(shown, text):
    index = VideoIndex()
    index.put_video(Video(video_id="v", tags=("cats",)))
    index.put_popularity("v", Popularity(local=LocalCounts(shown)))
    assert [one.text for one in local_reason(index, "v", "DE3")] == text
    assert local_reason(index, "v", "") == local_reason(index, "unknown", "DE3") == ()
