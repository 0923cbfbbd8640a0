"""Diversity caps."""

import numpy as np

from recomind.model.catalogue import Video
from recomind.recommender.diversify import NO_CAPS, Caps, diversify
from recomind.recommender.index.video_index import VideoIndex


def test_caps_defer_videos_over_the_cap_and_lose_none():
    index = VideoIndex()
    for n in range(20):
        index.put_video(Video(video_id=f"v{n}", creator_id="same" if n < 8 else f"c{n}"))
    order = np.arange(20)
    first = diversify(index, order, Caps(creator=3), 10)
    assert sum(row < 8 for row in first) == 3
    assert sorted(diversify(index, order, Caps(creator=3), 20)) == list(range(20))
    assert diversify(index, order, NO_CAPS, 10) == list(range(10))
