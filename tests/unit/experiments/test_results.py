"""What the tallies of an experiment say."""

import numpy as np
import pytest

from recomind.experiments.results import breaches, figures_of, totals_of
from recomind.experiments.tallies import LIKED, ExperimentTallies
from recomind.model.experiments import Arm, Experiment, ExperimentRecord, Guardrail
from recomind.model.served_lists import ServedListEvent

ARMS = (Arm(name="A"), Arm(name="B"))


def counted(rates, users=1_500, lists=4, name="e", teams=b"", seed=1):
    """Tallies of four partitions, of arms whose users like places with these probabilities."""
    tallies, draw = ExperimentTallies(lambda *_: 1.0), np.random.default_rng(seed)
    for number in range(users):
        arm = list(rates)[number % len(rates)]
        for _ in range(lists):
            videos = tuple(f"v{video}" for video in draw.integers(0, 500, 10))
            event = ServedListEvent(
                "l", f"u{number}", 5.0, 1, videos, arms={name: arm}, handed_out_at=5.0, teams=teams, shown=b"x"
            )
            tallies.count_list(number % 4, event, 5.0, 0)
            for place in np.flatnonzero(draw.random(10) < rates[arm]).tolist():
                tallies.count_outcome(number % 4, event, 5.0, place, {LIKED: 1})
    return [tallies.stored(partition) for partition in range(4)]


def counted_without_ranker(left_out):
    """Tallies of four partitions, where so many of 40 lists of the arm B were made without its ranker."""
    tallies = ExperimentTallies(lambda *_: 1.0)
    for number in range(80):
        arm, is_left_out = "AB"[number % 2], number % 2 == 1 and number < 2 * left_out
        event = ServedListEvent("l", f"u{number}", 5.0, 1, ("v1",), arms={"e": arm}, is_ranker_left_out=is_left_out)
        tallies.count_list(number // 20, event, 5.0, 0)
    return [tallies.stored(partition) for partition in range(4)]


def record(**fields):
    return ExperimentRecord("e", Experiment(**{"arms": ARMS, **fields}), 1.0)


def test_a_better_arm_is_found_and_figures_add_up():
    found = figures_of(record(), totals_of(record(), counted({"A": 0.10, "B": 0.14})), is_running=True)
    control, other = found.arms
    assert (control.users, other.users) == (750, 750)
    assert control.impressions == 30_000
    assert control.like_rate == pytest.approx(control.likes / 30_000, abs=1e-6)
    assert control.watch_share is None
    assert control.coverage == pytest.approx(500, rel=0.1)
    [likes] = [one for one in found.differences if one.metric == "like_rate"]
    assert likes.verdict == "better"
    assert 0 < likes.low < 0.04 < likes.high + 0.01
    assert found.sample_ratio.is_as_planned
    assert found.preference is None


@pytest.mark.parametrize("left_out", [0, 1, 7, 40])
def test_the_share_of_lists_without_their_ranker_is_exact_and_these_count_for_their_arm(left_out):
    found = figures_of(record(), totals_of(record(), counted_without_ranker(left_out)), is_running=True)
    assert [(arm.lists, arm.ranker_left_out) for arm in found.arms] == [(40, 0.0), (40, left_out / 40)]
    assert [(arm.users, arm.impressions) for arm in found.arms] == [(40, 40)] * 2
    assert found.sample_ratio.expected == (40.0, 40.0)


def test_equal_arms_are_not_told_apart_and_lost_users_are_noticed():
    partitions = counted({"A": 0.1, "B": 0.1})
    found = figures_of(record(), totals_of(record(), partitions), is_running=True)
    assert {one.verdict for one in found.differences} == {"unknown"}
    skewed = record(arms=(ARMS[0], Arm(name="B", share=1.5)))
    assert not figures_of(skewed, totals_of(skewed, partitions), is_running=True).sample_ratio.is_as_planned


def test_a_guardrail_stops_a_harmful_arm_once():
    guarded = record(guardrails=(Guardrail(metric="like_rate", worse_by=0.01),))
    totals = totals_of(guarded, counted({"A": 0.14, "B": 0.08}))
    stopped = breaches(guarded, totals)
    assert list(stopped) == ["B"]
    shown = figures_of(ExperimentRecord("e", guarded.experiment, 1.0, 0, stopped), totals, is_running=True)
    assert shown.arms[1].stopped == stopped["B"]
    assert shown.sample_ratio is None
    assert stopped["B"].startswith("like_rate differs by -0.0")
    assert breaches(ExperimentRecord("e", guarded.experiment, 1.0, 0, stopped), totals) == {}
    lenient = record(guardrails=(Guardrail(metric="like_rate", worse_by=0.2),))
    assert breaches(lenient, totals) == {}


def test_a_preference_is_found_in_interleaved_lists():
    both = record(mode="interleaving")
    teams = bytes([1, 2] * 5)
    partitions = counted({"both": 0.1}, users=400, teams=teams)
    found = figures_of(both, totals_of(both, partitions), is_running=True)
    assert [arm.name for arm in found.arms] == ["both"]
    assert found.preference.preferred == ""
    assert found.sample_ratio is None
    only_second = counted({"both": 0.1}, users=400, teams=bytes([2] * 10))
    assert figures_of(both, totals_of(both, only_second), is_running=True).preference.preferred == "B"


def test_what_another_experiment_of_the_name_has_counted_is_left_out():
    later = ExperimentRecord("e", Experiment(arms=ARMS), 9.0)
    found = figures_of(later, totals_of(later, counted({"A": 0.1, "B": 0.1}, users=8)), is_running=False)
    assert [arm.impressions for arm in found.arms] == [0, 0]
    assert [arm.like_rate for arm in found.arms] == [None, None]
    assert [(arm.lists, arm.ranker_left_out) for arm in found.arms] == [(0, None)] * 2
    with pytest.raises(ValueError, match="deleted"):
        figures_of(ExperimentRecord("e"), totals_of(ExperimentRecord("e"), []), is_running=False)
