"""The prequential hit rate of the hybrid and of each source."""

import pytest

from recomind.model.catalogue import Video
from recomind.recommender.blend.model import Weights
from recomind.recommender.candidates.registry import SOURCES
from recomind.recommender.hit_rate import HYBRID, HitCounts, add_like, hits_by_source, total
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank
from recomind.state.popularity import NO_SCORES, Counts, Popularity
from recomind.state.profile import Profile, video_hash


def catalogue(videos):
    """Videos in the order of their popularity."""
    index = VideoIndex()
    for number in range(videos):
        index.put_video(Video(video_id=f"v{number}"))
        scores = (float(-number),) * len(NO_SCORES)
        index.put_popularity(
            f"v{number}",
            Popularity(counts=Counts(1, 0, 0), like_scores=scores, action_scores=scores, first_at=1.0),
        )
    return index


def hits_of(liked, profile=None, videos=20):
    index = catalogue(videos)
    return hits_by_source(rank(profile or Profile(), index, 10.0), index, Weights(), liked)


def test_counts_decay_with_each_like_and_add_up():
    counts = add_like({}, {HYBRID: True, "tags": False})
    counts = add_like(counts, {HYBRID: False, "tags": True})
    assert counts[HYBRID].likes == pytest.approx(1.998)
    assert counts[HYBRID].hit_rate == pytest.approx(0.998 / 1.998)
    assert counts["tags"].hit_rate == pytest.approx(1 / 1.998)
    assert total([HitCounts(1, 1), HitCounts(3, 0)]) == HitCounts(4, 1)
    assert add_like(counts, {}) == counts


def test_a_like_of_a_first_video_is_a_hit_for_the_sources_that_rank_it_first():
    hits = hits_of("v2")
    assert (hits[HYBRID], hits["trending"], hits["tags"]) == (True, True, False)
    assert hits.keys() == {HYBRID, *SOURCES}


def test_a_like_of_a_late_video_or_of_no_candidate_is_a_miss():
    assert hits_of("v15")["trending"] is False
    assert not any(hits_of("nowhere").values())


def test_a_like_of_a_seen_video_is_not_counted():
    assert hits_of("v2", Profile(seen=video_hash("v2").to_bytes(4, "little"))) == {}
