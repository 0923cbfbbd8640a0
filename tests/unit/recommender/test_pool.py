"""The candidate pool leaves out what the user has seen."""

from struct import pack

import numpy as np

from recomind.model.catalogue import Video
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pool import pool_candidates
from recomind.state.profile import video_hash


def test_seen_videos_are_left_out_when_the_last_bits_of_their_hashes_collide():
    ids = [f"v{number}" for number in range(300)]
    index = VideoIndex()
    for video_id in ids:
        index.put_video(Video(video_id=video_id, title="T"))
    seen = b"".join(pack("<I", video_hash(video_id)) for video_id in ids[::2])
    assert len({video_hash(video_id) % 2**13 for video_id in ids[::2]}) < 150
    rows, _ = pool_candidates(index, [(np.arange(300), np.ones(300))], seen)
    assert [index.ids[row] for row in rows] == ids[1::2]
