"""The factor model: what outcomes teach, and that increments may be added in any order."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.factors import increments, users
from recomind.recommender.factors.gaussians import WIDTH, Gaussians
from recomind.recommender.factors.model import NEW_USER, USER_DEVIATION, drifted, like_probability
from recomind.recommender.index.video_index import VideoIndex

DAY_S = 86_400.0


@pytest.fixture
def index():
    index = VideoIndex()
    for number in range(6):
        tag = "cats" if number < 3 else "dogs"
        index.put_video(Video(video_id=f"v{number}", tags=(tag,), creator_id=f"c{number % 2}"))
    return index


def learn(index, user, video, outcome, at=1.0):
    rows = index.factors.rows_of(index.row(video))
    user, added = index.factors.learn(user, rows, index.factors.item(rows), outcome, at)
    index.factors.apply(rows, added)
    return user


def test_a_user_who_likes_one_tag_and_skips_another_is_shown_the_first(index):
    user = NEW_USER
    for _ in range(10):
        for video in ("v0", "v1"):
            user = learn(index, user, video, 1.0)
        for video in ("v3", "v4"):
            user = learn(index, user, video, 0.0)
    scores = index.factors.scores(np.array([index.row("v2"), index.row("v5")]), user)
    assert scores[0] > scores[1]


def test_a_liked_video_gains_and_a_skipped_one_loses_for_all_users(index):
    before = index.factors.scores(slice(0, index.size), NEW_USER)
    learn(index, NEW_USER, "v0", 1.0)
    learn(index, NEW_USER, "v5", 0.0)
    after = index.factors.scores(slice(0, index.size), NEW_USER)
    assert after[index.row("v0")] > before[index.row("v0")]
    assert after[index.row("v5")] < before[index.row("v5")]


def test_each_outcome_makes_its_parameters_more_certain(index):
    row = index.row("v0")
    for outcome in (1.0, 0.0):
        before = index.factors.videos.variance[row].copy()
        learn(index, NEW_USER._replace(mean=np.ones(WIDTH, np.float32)), "v0", outcome)
        assert (index.factors.videos.variance[row] < before).all()


def test_a_first_outcome_moves_a_new_video_more_than_a_known_one(index):
    learn(index, NEW_USER, "v0", 1.0)
    first = index.factors.videos.mean[index.row("v0"), -1]
    for _ in range(50):
        learn(index, NEW_USER, "v0", 0.0)
    before = index.factors.videos.mean[index.row("v0"), -1]
    learn(index, NEW_USER, "v0", 1.0)
    assert 0 < index.factors.videos.mean[index.row("v0"), -1] - before < first


def test_scores_of_many_videos_are_those_of_each(index):
    user = learn(index, NEW_USER, "v0", 1.0)
    learn(index, user, "v4", 0.0)
    rows = np.arange(index.size)
    items = index.factors.items(rows)
    for row in rows:
        one = index.factors.item(index.factors.rows_of(row))
        assert items.mean[row] == pytest.approx(one.mean, abs=1e-6)
        assert items.variance[row] == pytest.approx(one.variance, abs=1e-6)
        score = user.mean[:-1] @ one.mean[:-1] + one.mean[-1]
        assert index.factors.scores(rows, user)[row] == pytest.approx(score, abs=1e-5)


def test_increments_may_be_added_in_any_order():
    draw = np.random.default_rng(1)
    added = draw.random((20, 2, WIDTH)).astype(np.float32)
    one, other = Gaussians(0.3, 0.5), Gaussians(0.3, 0.5)
    for gaussians, order in ((one, range(20)), (other, reversed(range(20)))):
        gaussians.reserve(0)
        for number in order:
            gaussians.add(0, added[number])
    assert one.mean[0] == pytest.approx(other.mean[0], rel=1e-4)
    many = Gaussians(0.3, 0.5)
    many.reserve(3)
    many.put_many(np.array([2]), one.sums(0)[None])
    assert many.mean[2] == pytest.approx(one.mean[0], rel=1e-4)


def test_increments_survive_their_encoding(index):
    rows = index.factors.rows_of(index.row("v1"))
    _, added = index.factors.learn(NEW_USER, rows, index.factors.item(rows), 1.0, 1.0)
    again = increments.unpack(increments.pack(added))
    for before, after in zip(added, again, strict=True):
        assert after == pytest.approx(before, rel=2e-3, abs=1e-6)


def test_factors_of_a_user_survive_their_encoding(index):
    user = learn(index, NEW_USER, "v0", 1.0, at=7.5)
    again = users.decode(users.encode(user))
    assert again.updated_at == 7.5
    assert (again.mean == user.mean).all()
    assert users.decode(b"") is NEW_USER


def test_a_user_who_was_away_is_less_certain_and_never_less_than_a_new_one(index):
    user = learn(index, NEW_USER, "v0", 1.0, at=DAY_S)
    assert (drifted(user, 3 * DAY_S).variance[:-1] >= user.variance[:-1]).all()
    assert (drifted(user, 1e9).variance[:-1] <= USER_DEVIATION**2).all()
    assert drifted(user, 0.0) is user


def test_uncertainty_draws_a_probability_towards_a_half():
    assert like_probability(-2.0, 0.0) == pytest.approx(0.1192, abs=1e-4)
    assert 0.1192 < like_probability(-2.0, 4.0) < 0.5
