"""The closed loop: worlds are the same for every policy, and the engine learns what is liked."""

import pytest

from recomind.offline.closed_loop import (
    BLIND_ORACLE,
    LIKES_ALONE,
    WATCH_ORACLE,
    WITHOUT_CONTEXT,
    ClosedLoopResult,
    policy_names,
    possible,
    run,
)
from recomind.offline.world import DAY_S, SKIP_MS, START, Size, World

SMALL = Size(users=60, videos=500, uploads_per_day=30, days=2)


@pytest.fixture(scope="module")
def results():
    return {name: run(SMALL, 1, name) for name in ("random", "like rate", "recomind", "oracle")}


def test_the_oracle_wins_and_random_loses(results):
    shares = {name: one.like_share for name, one in results.items()}
    assert max(shares, key=shares.get) == "oracle"
    assert min(shares, key=shares.get) == "random"


def test_the_engine_wins_more_than_the_like_rate(results):
    assert results["recomind"].like_share > results["like rate"].like_share


def test_no_page_is_short_and_baselines_repeat_nothing(results):
    assert all(one.short_pages == 0 for one in results.values())
    assert results["oracle"].repeats == 0


def test_the_same_seed_is_the_same_world():
    assert run(SMALL, 2, "like rate") == run(SMALL, 2, "like rate")
    one, other = World(SMALL, 3), World(SMALL, 3)
    assert one.visits() == other.visits()
    assert [one.reaction(1, video) for video in range(50)] == [other.reaction(1, video) for video in range(50)]


def test_what_is_possible_runs_from_random_to_the_oracle():
    results = {
        name: ClosedLoopResult(0, share, (), 0, 0, 0)
        for name, share in {"random": 0.1, "some": 0.2, "oracle": 0.4}.items()
    }
    assert possible(results, "some") == pytest.approx(1 / 3)


FEW = SMALL._replace(users=25)


def test_a_ranker_decides_what_is_shown():
    assert policy_names(FEW, ["popularity"])[-1] == "ranker popularity"
    random, popular = (run(FEW, 1, name) for name in ("ranker random", "ranker popularity"))
    assert random.repeats == popular.repeats == 0
    assert random.short_pages == popular.short_pages == 0
    assert random.like_share < popular.like_share
    assert run(FEW, 1, "ranker hybrid") == run(FEW, 1, "recomind")


WATCHING = SMALL._replace(watch_times=True)


def test_watch_times_are_those_of_the_seed_and_change_no_likes():
    world, other, plain = World(WATCHING, 3), World(WATCHING, 3), World(SMALL, 3)
    watches = [world.watch(1, video) for video in range(200)]
    assert watches == [other.watch(1, video) for video in range(200)]
    assert all(0 < one.share < 1 for one in watches)
    reactions = [world.reaction(1, video) for video in range(200)]
    assert [one == "like" for one in reactions] == [plain.reaction(1, video) == "like" for video in range(200)]
    skipped = [one.watched_ms < SKIP_MS for one, reaction in zip(watches, reactions, strict=True) if reaction != "like"]
    assert skipped == [reaction == "skip" for reaction in reactions if reaction != "like"]


def test_the_watch_oracle_is_watched_longest_and_watch_times_are_learned_from():
    results = {name: run(WATCHING, 1, name) for name in ("random", "recomind", LIKES_ALONE, WATCH_ORACLE)}
    assert set(results) < set(policy_names(WATCHING))
    watched = {name: one.watched_last_half for name, one in results.items()}
    assert max(watched, key=watched.get) == WATCH_ORACLE
    assert min(watched, key=watched.get) == "random"
    assert watched["recomind"] > 1.02 * watched[LIKES_ALONE]
    assert run(SMALL, 1, "random").watched_last_half is None


LOCAL = SMALL._replace(context=1.5)


def test_country_and_hour_change_what_is_liked_and_nothing_else():
    world, plain = World(LOCAL, 3), World(SMALL, 3)
    videos = slice(0, 200)
    assert world.like_probability(1, videos).tolist() == plain.like_probability(1, videos).tolist()
    night, day = START + 2 * 3600, START + 14 * 3600
    assert (
        world.like_probability(1, videos, night).tolist() == world.like_probability(1, videos, night + DAY_S).tolist()
    )
    assert world.like_probability(1, videos, night).tolist() != world.like_probability(1, videos, day).tolist()
    assert plain.like_probability(1, videos, night).tolist() == plain.like_probability(1, videos, day).tolist()
    assert list(world.videos(0, 50)) == list(plain.videos(0, 50))
    hours = [world.context(1, visit.at).local_hour for visit in world.visits() if visit.user == 1]
    assert len(set(hours)) < 12


def test_country_and_hour_reach_the_engine_and_the_oracle():
    tiny = LOCAL._replace(users=20)
    names = ("random", "recomind", WITHOUT_CONTEXT, BLIND_ORACLE, "oracle")
    assert set(names) < set(policy_names(tiny))
    results = {name: run(tiny, 1, name) for name in names}
    share = {name: one.like_share for name, one in results.items()}
    assert share["random"] < share[BLIND_ORACLE] < share["oracle"]
    assert results["recomind"] != results[WITHOUT_CONTEXT]
