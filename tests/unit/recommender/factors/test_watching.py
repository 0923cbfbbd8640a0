"""What watch times teach the factor model."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import NEW_USER
from recomind.recommender.factors.watching import learn_watch
from recomind.recommender.index.video_index import VideoIndex


@pytest.fixture
def index():
    index = VideoIndex()
    for number in range(6):
        index.put_video(Video(video_id=f"v{number}", tags=("cats" if number < 3 else "dogs",), creator_id="c"))
    return index


def watch(index, user, video, log_odds, weight=0.3):
    rows = index.factors.rows_of(index.row(video))
    user, added = learn_watch(index.factors, user, rows, index.factors.item(rows), log_odds, weight)
    index.factors.apply(rows, added)
    return user


def test_a_user_who_watches_one_tag_for_longer_is_shown_it(index):
    user = NEW_USER
    for _ in range(20):
        for video in ("v0", "v1"):
            user = watch(index, user, video, 2.0)
        for video in ("v3", "v4"):
            user = watch(index, user, video, -2.0)
    scores = index.factors.scores(np.array([index.row("v2"), index.row("v5")]), user)
    assert scores[0] > scores[1] + 0.1


def test_a_watch_time_changes_no_bias(index):
    user, model = NEW_USER._replace(mean=np.full(WIDTH, 0.1, np.float32)), index.factors
    parts = (model.videos, model.tags, model.creators, model.common)
    before = [part.mean[:, -1].copy() for part in parts]
    assert watch(index, user, "v0", 3.0).mean[-1] == user.mean[-1]
    assert all(np.array_equal(part.mean[:, -1], known) for part, known in zip(parts, before, strict=True))


def test_a_user_who_watches_everything_for_long_is_taught_less_by_it(index):
    user = NEW_USER._replace(mean=np.full(WIDTH, 0.1, np.float32))
    used_to_it = user._replace(watches=1_000.0, watched=2_000.0)
    moved = [np.abs(watch(index, one, "v0", 2.0).mean - one.mean).sum() for one in (user, used_to_it)]
    assert moved[1] < 0.1 * moved[0]


def test_a_watch_time_of_more_weight_teaches_more(index):
    user = NEW_USER._replace(mean=np.full(WIDTH, 0.1, np.float32))
    moved = [np.abs(watch(index, user, "v0", 2.0, weight).mean - user.mean).sum() for weight in (0.1, 0.3, 1.0)]
    assert moved[0] < moved[1] < moved[2]
