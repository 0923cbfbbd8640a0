"""The candidate pool leaves out what the user has seen."""

from struct import pack

import numpy as np

from recomind.model.catalogue import Video
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pool import MAX_POOL_SIZE, pool_candidates
from recomind.state.fingerprints import video_hash
from recomind.state.seen_blocks import block_of_videos


def test_seen_videos_are_left_out_when_the_last_bits_of_their_hashes_collide():
    ids = [f"v{number}" for number in range(300)]
    index = VideoIndex()
    for video_id in ids:
        index.put_video(Video(video_id=video_id, title="T"))
    seen = b"".join(pack("<I", video_hash(video_id)) for video_id in ids[::2])
    assert len({video_hash(video_id) % 2**13 for video_id in ids[::2]}) < 150
    rows, _ = pool_candidates(index, [(np.arange(300), np.ones(300))], seen)
    assert [index.ids[row] for row in rows] == ids[1::2]


def test_many_seen_videos_are_left_out_exactly():
    ids = [f"v{number}" for number in range(30_000)]
    index = VideoIndex()
    index.rows_of(ids)
    index.columns.listed[: index.size] = True
    seen = b"".join(pack("<I", video_hash(video_id)) for video_id in ids[:29_000] + ids[:500])
    rows, _ = pool_candidates(index, [(np.arange(28_900, 29_100), np.ones(200))], seen)
    assert [index.ids[row] for row in rows] == ids[29_000:29_100]


def test_popular_unseen_videos_and_then_new_ones_are_added_for_a_user_who_has_seen_nearly_all_candidates():
    ids = [f"v{number}" for number in range(400)]
    index = VideoIndex()
    for at, video_id in enumerate(ids):
        index.put_video(Video(video_id=video_id, title="T", created_at=1e9 + at))
        if at % 2:
            index.columns.like_scores[index.rows[video_id]] = float(at)
    proposals, seen = [(np.arange(150), np.ones(150))], block_of_videos(ids[:149]).seen
    rows, scores = pool_candidates(index, proposals, seen)
    liked = [f"v{number}" for number in range(399, 150, -2)]
    assert [index.ids[row] for row in rows] == ["v149", *liked[:99]]
    assert scores.tolist() == [[1.0] + 99 * [0.0]]
    rows, _ = pool_candidates(index, proposals, block_of_videos(ids[:149] + liked).seen)
    assert [index.ids[row] for row in rows][:3] == ["v149", "v398", "v396"]
    rows, _ = pool_candidates(index, proposals, block_of_videos(ids).seen)
    assert len(rows) == 0


def test_strict_caps_have_the_pool_filled_with_popular_videos_that_the_list_may_hold():
    ids = [f"v{number}" for number in range(1_000)]
    index = VideoIndex()
    for at, video_id in enumerate(ids):
        index.put_video(Video(video_id=video_id, title="T", created_at=float(at)))
    proposals = [(np.arange(30), np.ones(30))]
    rows, scores = pool_candidates(index, proposals, b"", is_filled=True)
    assert rows.tolist() == [*range(30), *range(999, 629, -1)]
    assert scores.shape == (1, MAX_POOL_SIZE)
    rows, _ = pool_candidates(index, proposals, b"", lambda rows: rows < 200, is_filled=True)
    assert sorted(rows.tolist()) == list(range(200))
    assert len(pool_candidates(index, proposals, b"")[0]) == 30


def test_a_user_who_has_seen_the_few_candidates_gets_others():
    ids = [f"v{number}" for number in range(50)]
    index = VideoIndex()
    for video_id in ids:
        index.put_video(Video(video_id=video_id, title="T"))
    rows, _ = pool_candidates(index, [(np.arange(30), np.ones(30))], block_of_videos(ids[:30]).seen)
    assert [index.ids[row] for row in rows] == ids[30:]
