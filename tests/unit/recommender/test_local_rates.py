"""Effects of local contexts: 0 where nothing is known, backing off, and blind to who comes and what is shown."""

from string import ascii_uppercase

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.recommender.index.local_counts import MAX_POPULAR
from recomind.recommender.index.local_effects import MAX_EFFECTS
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.local_rates import LOCAL_NAMES, local_log_odds, local_rates
from recomind.state.local_counts import LocalCounts
from recomind.state.popularity import Popularity

COUNTRY, HOUR, BOTH = range(len(LOCAL_NAMES))


@pytest.fixture
def index():
    index = VideoIndex()
    for number in range(4):
        tags = ("cats",) if number < 2 else ("dogs", "parks")
        index.put_video(Video(video_id=f"v{number}", tags=tags))
    index.put_video(Video(video_id="bare"))
    return index


def count(index, video_id, **shown):
    index.put_popularity(video_id, Popularity(local=LocalCounts(shown)))


def rates(index, video_id, local):
    return local_rates(index, np.array([index.row(video_id)]), local)[0]


def test_where_nothing_is_known_all_rates_are_zero(index):
    count(index, "v0", DE3=(100, 50, 20.0))
    for video_id, local in (("v0", "FR1"), ("v2", "DE3"), ("bare", "DE3"), ("v0", "1")):
        assert rates(index, video_id, local) == pytest.approx(np.zeros(3))


def test_tags_that_do_better_than_expected_gain_for_all_their_videos(index):
    count(index, "v0", DE3=(100, 50, 20.0))
    count(index, "v2", DE3=(100, 20, 50.0))
    assert rates(index, "v0", "DE3") == pytest.approx(rates(index, "v1", "DE3"))
    assert rates(index, "v1", "DE3")[COUNTRY] > 0.5 > -0.5 > rates(index, "v3", "DE3")[COUNTRY]
    assert rates(index, "v1", "DE3")[HOUR] == pytest.approx(rates(index, "v1", "DE3")[COUNTRY], rel=0.05)
    assert rates(index, "v1", "3")[HOUR] == rates(index, "v1", "DE3")[HOUR]
    assert rates(index, "v1", "DE")[COUNTRY] > 0 == rates(index, "v1", "DE")[HOUR]


def test_likes_that_were_expected_say_nothing(index):
    """Whoever comes in the evening likes cats anyway, and is shown those that they like."""
    count(index, "v0", DE3=(1000, 700, 700.0), DE0=(1000, 50, 50.0))
    for local in ("DE3", "DE0", "DE", "3"):
        assert rates(index, "v0", local) == pytest.approx(np.zeros(3))


def test_a_country_and_an_hour_together_count_what_neither_explains(index):
    elsewhere = (90_000, 22_500, 22_500.0)
    count(index, "v0", DE3=(4000, 2000, 1000.0), FR3=elsewhere, DE0=elsewhere)
    found = rates(index, "v0", "DE3")
    assert found[BOTH] > 0.9
    assert found[COUNTRY] == pytest.approx(found[HOUR], abs=0.02)
    assert 0 < found[HOUR] < 0.1
    assert local_log_odds(index, np.array([0]), "DE3")[0] == pytest.approx(np.log(3), abs=0.05)


def test_few_impressions_say_little(index):
    count(index, "v0", DE3=(1, 1, 0.2))
    count(index, "v2", DE3=(100, 100, 20.0))
    assert 0 < rates(index, "v0", "DE3")[COUNTRY] < rates(index, "v2", "DE3")[COUNTRY] / 4


def test_sums_follow_videos_whose_counts_and_tags_change(index):
    count(index, "v0", DE3=(100, 50, 20.0))
    count(index, "v0", DE3=(10, 5, 2.0), FR1=(30, 1, 2.0))
    index.put_video(Video(video_id="v0", tags=("dogs",)))
    count(index, "v1", US0=(7, 3, 1.0))
    index.remove_video("v1")
    fresh = VideoIndex()
    fresh.put_video(Video(video_id="v0", tags=("dogs",)))
    count(fresh, "v0", DE3=(10, 5, 2.0), FR1=(30, 1, 2.0))
    assert rates(index, "v0", "DE3") == pytest.approx(rates(fresh, "v0", "DE3"))
    assert rates(index, "v0", "FR1")[HOUR] < 0
    for local in ("DE3", "FR1", "US0"):
        index.put_video(Video(video_id="cat", tags=("cats",)))
        assert rates(index, "cat", local) == pytest.approx(np.zeros(3))


def test_tables_are_bounded(index):
    count(
        index,
        "v0",
        **{f"{one}{other}{hour}": (9, 5, 1.0) for one in ascii_uppercase for other in ascii_uppercase for hour in "03"},
    )
    known = [
        one + other
        for one in ascii_uppercase
        for other in ascii_uppercase
        if index.local.effects.knows(f"{one}{other}")
    ]
    assert 100 < len(known) < MAX_EFFECTS
    assert rates(index, "v0", "ZZ3")[COUNTRY] == 0.0 < rates(index, "v0", "ZZ3")[HOUR]
    index.put_video(Video(video_id="late", tags=("new",)))
    assert rates(index, "late", "AA3") == pytest.approx(np.zeros(3))


def test_likes_expected_beyond_all_bounds_give_finite_rates(index):
    count(index, "v0", DE3=(0, 3, 0.0), DE0=(1, 1, 1.0), DE1=(5, 0, 5.0), DE2=(5, 5, 0.0))
    for local in ("DE0", "DE1", "DE2", "DE3", "DE", "0"):
        assert np.isfinite(rates(index, "v0", local)).all()


def test_popularity_in_a_country_leaves_out_what_is_not_listed(index):
    for video_id, scores in (("v0", {"DE": 5.0}), ("v1", {"DE": 7.0, "FR": 9.0}), ("unknown", {"DE": 8.0})):
        index.put_popularity(video_id, Popularity(local=LocalCounts({}, scores)))
    assert [index.ids[row] for row in index.local.popular("DE")] == ["v1", "v0"]
    assert index.local.popular("US") == []
    index.put_popularity("v1", Popularity(local=LocalCounts({}, {"FR": 9.0})))
    assert [index.ids[row] for row in index.local.popular("DE")] == ["v0"]


def test_popularity_in_a_country_follows_rising_and_falling_scores(index):
    draw, scores = np.random.default_rng(4), {}
    for _ in range(300):
        video_id = f"v{draw.integers(4)}"
        scores[video_id] = float(draw.normal())
        index.put_popularity(video_id, Popularity(local=LocalCounts({}, {"DE": scores[video_id]})))
        expected = sorted(scores, key=lambda one: -scores[one])
        assert [index.ids[row] for row in index.local.popular("DE")] == expected


def test_a_country_has_its_best_videos_among_many():
    index = VideoIndex()
    for number in range(MAX_POPULAR + 50):
        index.put_video(Video(video_id=f"v{number}"))
        index.put_popularity(f"v{number}", Popularity(local=LocalCounts({}, {"DE": float(number)})))
        if number == MAX_POPULAR + 20:
            index.local.popular("DE")
    found = [index.ids[row] for row in index.local.popular("DE")]
    assert found == [f"v{number}" for number in range(MAX_POPULAR + 49, 49, -1)]


def test_effects_that_act_together_are_told_apart():
    """Each video has two tags, and each cell a country and an hour: the effects are those of the world."""
    draw, index = np.random.default_rng(8), VideoIndex()
    tags, countries = 12, ("DE", "FR", "IT")
    by_country, by_quarter = draw.normal(0, 0.6, (3, tags)), draw.normal(0, 0.6, (4, tags))
    for number in range(400):
        own = draw.choice(tags, 2, replace=False)
        index.put_video(Video(video_id=f"v{number}", tags=tuple(f"t{tag}" for tag in own)))
        shown = {}
        for place, country in enumerate(countries):
            for quarter in range(4):
                base = draw.normal(-1.0, 1.0)
                chance = 1 / (1 + np.exp(-base - (by_country[place] + by_quarter[quarter])[own].mean()))
                likes = int(draw.binomial(40, chance))
                shown[f"{country}{quarter}"] = (40, likes, 40 / (1 + np.exp(-base)))
        index.put_popularity(f"v{number}", Popularity(local=LocalCounts(shown)))
    order = [int(name[1:]) for name in index.tag_names]
    for place, country in enumerate(countries):
        for quarter in range(4):
            found = index.local.effects.of(f"{country}{quarter}", tags)[:, :tags].sum(axis=0)
            true = (by_country[place] + by_quarter[quarter])[order]
            assert np.corrcoef(found, true)[0, 1] > 0.9
            assert np.polyfit(true, found, 1)[0] == pytest.approx(1.0, abs=0.2)


def test_the_effects_of_a_tag_without_counts_are_forgotten(index):
    count(index, "v0", DE3=(100, 50, 20.0))
    assert rates(index, "v0", "DE3")[COUNTRY] > 0
    count(index, "v0")
    assert rates(index, "v0", "DE3") == pytest.approx(np.zeros(3))


def test_a_fit_to_many_cells_takes_the_largest(index, monkeypatch):
    monkeypatch.setattr("recomind.recommender.index.local_effects.MAX_CELLS", 1)
    count(index, "v0", DE3=(100, 50, 20.0))
    count(index, "v2", DE3=(10, 9, 1.0))
    assert rates(index, "v0", "DE3")[COUNTRY] > 0 == rates(index, "v2", "DE3")[COUNTRY]
