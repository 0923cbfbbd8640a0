"""Rankers, sources and arrangers in lists of the pipeline; what is faulty is left out."""

import numpy as np
import pytest

from recomind.model.events import Action
from recomind.model.ids import Offset
from recomind.model.signals import SourceOffset
from recomind.recommender.explain.position import rank_position
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.pipeline import rank
from recomind.recommender.served import VALUES
from tests.unit.recommender.extensions.engines import START, Backwards, Proposes, Raises, engine_with, listed


def registry(kind, instance, *, active=True):
    extensions, faults = Extensions(), []
    extensions.add(kind, "mine", instance)
    extensions.active = frozenset({"mine"} if active else ())
    extensions.listeners.append(faults.append)
    return extensions, faults


def returning(value):
    """An extension of every kind that returns a value."""

    class Returns:
        def propose(self, *_):
            return value

        score = permits = arrange = propose

    return Returns()


def test_a_ranker_orders_the_list_that_names_it_and_no_other():
    extensions, faults = registry("ranker", Backwards())
    assert listed(engine_with("mine", extensions), n=4) == ["v39", "v38", "v37", "v36"]
    assert listed(engine_with("", extensions)) == listed(engine_with())
    assert listed(engine_with("hybrid", extensions)) == listed(engine_with())
    assert faults == []


def test_what_a_ranked_list_teaches_has_the_blends_own_scores():
    extensions, _ = registry("ranker", Backwards())
    slate = engine_with("mine", extensions).recommend("me", 40)
    hybrid = engine_with().recommend("me", 40)

    def shown(slate):
        places = np.frombuffer(slate.shown, "<f2").reshape(-1, VALUES)
        return {pick.video_id: place.tolist() for pick, place in zip(slate.picks, places, strict=True)}

    assert shown(slate) == shown(hybrid)
    assert [pick.video_id for pick in slate.picks] != [pick.video_id for pick in hybrid.picks]


def test_an_active_source_adds_candidates_that_say_where_they_come_from():
    extensions, _ = registry("source", Proposes("v39", "v38"))
    picks = engine_with("", extensions).recommend("me", 40).picks
    sources = {pick.video_id: pick.sources for pick in picks}
    assert sources["v39"]["mine"] == 1.0
    assert sources["v38"]["mine"] == 0.5
    assert "mine" not in sources["v1"]


def test_a_source_that_is_not_active_takes_part_where_it_is_named():
    extensions, _ = registry("source", Proposes("v39", "v38"), active=False)
    assert listed(engine_with("", extensions)) == listed(engine_with())
    assert listed(engine_with("source:mine", extensions)) == ["v39", "v38"]
    slate = engine_with("", extensions, sources=frozenset({"mine"})).recommend("me", 40)
    assert {pick.video_id: pick.sources for pick in slate.picks if pick.sources} == {
        "v39": {"mine": 1.0},
        "v38": {"mine": 0.5},
    }


def test_a_ranker_that_proposes_gets_its_own_candidates():
    class Both(Backwards, Proposes):
        sources = ()

    extensions, _ = registry("ranker", Both("v3", "v5"))
    assert listed(engine_with("mine", extensions), n=2) == ["v39", "v38"]  # popular videos fill the pool
    assert engine_with("mine", extensions).recommend("me", 40).picks[-1].video_id == "v1"

    class OwnAlone(Both):
        def score(self, request, index):
            return np.where(request.sources["mine"] > 0, request.sources["mine"], -np.inf)

    extensions, _ = registry("ranker", OwnAlone("v3", "v5"))
    assert listed(engine_with("mine", extensions)) == ["v3", "v5"]


def test_an_arranger_orders_the_best_candidates():
    class Alternates:
        def arrange(self, request, order, n, index):
            return np.concatenate([order[::2], order[1::2]])

    extensions, _ = registry("arranger", Alternates())
    plain = listed(engine_with(), n=5)
    assert listed(engine_with("", extensions), n=3) == [plain[0], plain[2], plain[4]]


class OddNumbers:
    """A filter that permits odd rows."""

    def permits(self, user, rows, index):
        return rows % 2 == 1


def test_a_filter_holds_for_candidates_for_popular_videos_that_fill_the_list_and_for_draws():
    extensions, faults = registry("filter", OddNumbers())
    engine = engine_with("", extensions)
    assert sorted(listed(engine, n=40)) == sorted(f"v{number}" for number in range(1, 40, 2))
    engine.exploration = 0.2
    for second in range(20):
        drawn = engine.recommend("nobody", 20, START + 1_000 + second).picks
        assert {int(pick.video_id[1:]) % 2 for pick in drawn} == {1}
    assert faults == []


def test_a_filter_is_asked_about_listed_videos_alone():
    class Titled:
        def permits(self, user, rows, index):
            return np.array([index.videos[row].video_id != "" for row in rows.tolist()], np.bool_)

    extensions, faults = registry("filter", Titled())
    engine = engine_with("", extensions)
    engine.observe(Action("other", "v3", "like", START), SourceOffset(0, Offset(10**6)))
    engine.remove_video("v3")
    assert "v3" not in listed(engine, n=40)
    ranked = rank(engine.profile("me"), engine.index, engine.now, None, extensions)
    rows, is_listed = np.arange(engine.index.size), engine.index.columns.listed
    assert np.array_equal(ranked.policy.eligibility.of(rows), is_listed[: len(rows)])
    assert faults == []


def test_a_filter_explains_what_it_leaves_out():
    extensions, _ = registry("filter", OddNumbers())
    engine = engine_with("", extensions)
    ranked = rank(engine.profile("me"), engine.index, engine.now, None, extensions)
    assert rank_position(ranked, engine.index, engine.weights, "v2", 10).reason == "filtered by the extension mine"


@pytest.mark.parametrize("kind", ["source", "ranker", "arranger", "filter"])
@pytest.mark.parametrize(
    ("instance", "cause"),
    [
        (Raises(), "error"),
        (returning(None), "invalid"),
        (returning(np.array([np.nan])), "invalid"),
        (returning(np.full(39, np.nan)), "invalid"),
        (returning((np.array([3, 10**9]), np.ones(2))), "invalid"),
        (returning((np.array([3]), np.array([-1.0]))), "invalid"),
        (returning(np.array([1.5, 2.5])), "invalid"),
        (returning(np.array([3, 3])), "invalid"),
        (returning("text"), "invalid"),
    ],
)
def test_a_faulty_extension_is_left_out_of_the_list(kind, instance, cause):
    extensions, faults = registry(kind, instance)
    engine = engine_with("mine" if kind == "ranker" else "", extensions)
    assert listed(engine) == listed(engine_with())
    assert {(fault.kind, fault.name, fault.cause) for fault in faults} == {(kind, "mine", cause)}
    assert engine.recommend("me", 10).is_ranker_left_out == (kind == "ranker")


def test_a_ranker_that_writes_into_what_it_got_changes_nothing():
    class Writes:
        def score(self, request, index):
            request.scores[:] = 0
            return request.scores

    extensions, faults = registry("ranker", Writes())
    assert listed(engine_with("mine", extensions)) == listed(engine_with())
    assert [fault.detail for fault in faults] == ["ValueError: assignment destination is read-only"]


def test_a_slow_extension_is_left_out_of_the_list_and_then_suspended():
    now, faults = [0.0], []

    class Slow(Backwards):
        def score(self, request, index):
            now[0] += 0.02
            return super().score(request, index)

    extensions = Extensions(lambda: now[0], budget_s=0.01)
    extensions.add("ranker", "mine", Slow())
    extensions.listeners.append(faults.append)
    engine = engine_with("mine", extensions)
    for _ in range(4):
        slate = engine.recommend("me", 10)
        assert [pick.video_id for pick in slate.picks] == listed(engine_with())
        assert slate.is_ranker_left_out
    assert [fault.cause for fault in faults] == ["slow", "slow", "slow", "suspended"]
    assert faults[2].suspended_s > 0


def test_a_ranker_that_this_worker_does_not_have_is_noted():
    extensions, faults = registry("source", Proposes("v1"))
    assert listed(engine_with("no such", extensions), n=5)
    assert [(fault.name, fault.cause) for fault in faults] == [("no such", "missing")]
    assert engine_with("no such", extensions).recommend("me", 5).is_ranker_left_out


@pytest.mark.parametrize("ranker", ["", "hybrid", "random", "source:fresh", "mine"])
def test_no_ranker_is_left_out_of_a_list_that_names_none_or_one_that_works(ranker):
    extensions, _ = registry("ranker", Backwards())
    assert not engine_with(ranker, extensions).recommend("me", 5).is_ranker_left_out


def test_a_ranker_that_scores_but_cannot_propose_is_left_out():
    class Both(Backwards, Raises):
        score = Backwards.score

    extensions, _ = registry("ranker", Both())
    slate = engine_with("mine", extensions).recommend("me", 10)
    assert [pick.video_id for pick in slate.picks] == listed(engine_with())
    assert slate.is_ranker_left_out


def test_places_of_a_list_that_a_drawing_ranker_did_not_order_do_not_have_its_propensities():
    class Draws(Raises):
        propose = None

        def propensities(self, request, index):
            return np.full(len(request.rows), 0.25)

    extensions, faults = registry("ranker", Draws())
    slate = engine_with("mine", extensions).recommend("me", 3)
    assert slate.is_ranker_left_out
    assert np.frombuffer(slate.shown, "<f2").reshape(-1, VALUES)[:, 0].tolist() == [1.0] * 3
    assert [fault.cause for fault in faults] == ["error"]


def test_a_ranker_whose_propensities_are_no_probabilities_has_none():
    class Draws(Backwards):
        def propensities(self, request, index):
            return np.full(len(request.rows), 2.0)

    extensions, faults = registry("ranker", Draws())
    slate = engine_with("mine", extensions).recommend("me", 3)
    assert np.frombuffer(slate.shown, "<f2").reshape(-1, VALUES)[:, 0].tolist() == [1.0] * 3
    assert [fault.cause for fault in faults] == ["invalid"]
