"""Drawn places for new uploads."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.exploration import BLOCK_PLACES, MAX_ACTIONS, MAX_AGE_S, explore, new_uploads
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank
from recomind.state.fingerprints import video_hash
from recomind.state.popularity import Counts, Popularity
from recomind.state.profile import Profile

NOW = 1e6


@pytest.fixture
def index():
    index = VideoIndex()
    for number in range(20):
        index.put_video(Video(video_id=f"old{number}", created_at=NOW - 10 * MAX_AGE_S))
        index.put_video(Video(video_id=f"new{number}", created_at=NOW - 60))
    return index


def explored(index, seed, share=0.1):
    slate = [index.row(f"old{number}") for number in range(10)]
    return slate, explore(slate, rank(Profile(), index, NOW), index, seed=seed, share=share)


def test_equal_seeds_draw_equal_places(index):
    assert (explored(index, 3)[1].rows == explored(index, 3)[1].rows).all()


def test_without_a_share_nothing_is_drawn(index):
    slate, found = explored(index, 1, share=0.0)
    assert found.rows.tolist() == slate
    assert (found.propensities == 1).all()


def test_as_many_places_are_drawn_as_the_share_says_and_only_the_last_of_a_block(index):
    drawn = np.zeros(10)
    for seed in range(1_000):
        slate, found = explored(index, seed)
        drawn += found.rows != slate
    assert drawn[BLOCK_PLACES - 1 :: BLOCK_PLACES] == pytest.approx([500, 500], abs=60)
    assert drawn.sum() == drawn[BLOCK_PLACES - 1 :: BLOCK_PLACES].sum()


def test_propensities_are_the_probabilities_of_the_draws(index):
    """Each of 20 equal uploads is drawn at a place with the probability of a draw over 20."""
    for seed in range(50):
        slate, found = explored(index, seed)
        for place in (BLOCK_PLACES - 1,):
            expected = 0.5 if found.rows[place] == slate[place] else 0.5 / 20
            assert found.propensities[place] == pytest.approx(expected)


def test_a_video_is_new_until_it_is_a_day_old_or_has_many_actions_or_is_seen(index):
    seen = video_hash("new0").to_bytes(4, "little")
    index.put_popularity("new1", Popularity(counts=Counts(likes=MAX_ACTIONS)))
    found = {index.ids[row] for row in new_uploads(index, seen, NOW)}
    assert found == {f"new{number}" for number in range(2, 20)}
    assert len(new_uploads(index, b"", NOW + MAX_AGE_S)) == 0


def test_a_video_without_upload_time_is_not_new(index):
    index.put_video(Video(video_id="unknown"))
    assert index.row("unknown") not in new_uploads(index, b"", 10.0)
