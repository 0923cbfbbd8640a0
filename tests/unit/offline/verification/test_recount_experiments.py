"""Figures of experiments are recounted from the logs as workers count them."""

from functools import partial

import numpy as np
import pytest

from recomind.experiments.tallies import (
    COLUMNS,
    LIKED,
    LISTS,
    RANKER_LEFT_OUT,
    REPEATS,
    SHOWN,
    SKETCH_BITS,
    WATCH_SHARE,
    WATCH_UNIT,
    distinct_videos,
)
from recomind.model.events import Action
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import SourceOffset
from recomind.offline.verification.recount_experiments import FEW, STORE, ExperimentRecount
from recomind.offline.verification.recount_repeats import LAG_S
from recomind.offline.verification.report import Report
from recomind.runtime.served_figures import GRACE_S, ServedFigures
from recomind.state import profile_fold
from recomind.state.profile import Profile, has_seen

RECORD = ExperimentRecord("e", Experiment(arms=(Arm(name="A"), Arm(name="B")), forced={"u0": "A"}), 1_000.0)


def log(seed):
    """Lists and actions of a partition, in order of time."""
    draw, at = np.random.default_rng(seed), 900.0
    for number in range(1_500):
        at += float(draw.exponential(20.0))
        user = f"u{draw.integers(0, 12)}"
        if draw.random() < 0.4:
            videos = tuple(f"v{one}" for one in draw.choice(30, 6, replace=False).tolist())
            arms = {"e": "AB"[int(user[1:]) % 2]} if draw.random() < 0.9 else {}
            fields = {"handed_out_at": at, "is_ranker_left_out": number % 5 == 0}
            shown = b"features" if number % 3 else b""
            yield at, ServedListEvent(f"l{number}", user, at, 1, videos, shown, arms=arms, **fields)
        else:
            kind, watched = str(draw.choice(["like", "view", "skip"])), int(draw.integers(0, 9_000))
            watch = (watched, 8_000) if draw.random() < 0.5 else (None, None)
            yield at, Action(user, f"v{draw.integers(0, 30)}", kind, at, watched_ms=watch[0], duration_ms=watch[1])


class Profiles:
    """The profiles of users, as they follow from their actions."""

    def __init__(self):
        self.known, self.offset = {}, 0

    def of(self, user):
        return self.known.get(user) or Profile()

    def apply(self, action):
        self.offset += 1
        self.known[action.user_id], _ = profile_fold.fold(self.of(action.user_id), SourceOffset(0, self.offset), action)


def as_read(events, lag):
    """When a worker reads what; it reads actions later than lists by a lag."""
    read = [(at + (lag if isinstance(event, Action) else 0.0), at, event) for at, event in events]
    return sorted(read, key=lambda one: one[0])


def counted(events, lag=0.0):
    """What a worker counts that lags behind with actions."""
    now, profiles = [0.0], Profiles()
    figures = ServedFigures(lambda: now[0])
    figures.experiments.counted_since = lambda _, user: None if user == "u0" else RECORD.created_at
    for offset, (read_at, at, event) in enumerate(as_read(events, lag)):
        now[0] = read_at
        figures.attribute_due()
        before = profiles.of(event.user_id)
        if isinstance(event, Action):
            figures.add_action(0, at, event, is_new=not has_seen(before, event.video_id))
            profiles.apply(event)
        else:
            figures.add_list(0, offset, at, event, before)
    now[0] += GRACE_S
    figures.attribute_due()
    return figures


def recounted(events):
    found = ExperimentRecount([ExperimentRecord("old", RECORD.experiment, 1.0), ExperimentRecord("old"), RECORD])
    lists = [(at, event) for at, event in events if not isinstance(event, Action)]
    for at, event in lists:  # lists may be read far ahead of actions
        found.put(0, at, event)
    profiles = Profiles()

    def has_seen_of(user):
        return partial(has_seen, profiles.of(user))

    for at, event in events:
        if isinstance(event, Action):
            found.counting(0).note(event.user_id, at, event.video_id, has_seen_of(event.user_id))
            found.act(0, at, event)
            profiles.apply(event)
    found.settle(has_seen_of)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_recount_is_what_a_worker_counts(seed):
    events = list(log(seed))
    figures, report = counted(events), Report()
    stored = figures.experiments.stored(0)
    recounted(events).compare([stored], report)
    assert report.is_clean
    assert report.compared[STORE] == 22
    expected = recounted(events)._tallies.partitions[0]["e"].arms
    for arm, tally in figures.experiments.partitions[0]["e"].arms.items():
        assert tally.sums.sum() > 300
        others = [column for column in range(COLUMNS) if column != REPEATS]
        assert (tally.sums[:, others] == expected[arm].sums[:, others]).all()
        assert 0 < tally.sums[:, RANKER_LEFT_OUT].sum() < tally.sums[:, LISTS].sum() / 2
        assert tally.users == expected[arm].users
        assert tally.sketch == expected[arm].sketch
        assert distinct_videos(tally.sketch) == pytest.approx(30, abs=2)


def test_lists_that_are_said_to_have_lacked_their_ranker_are_found():
    events, report = list(log(1)), Report()
    figures = counted(events)
    figures.experiments.partitions[0]["e"].arms["A"].sums[5, RANKER_LEFT_OUT] += 30
    recounted(events).compare([figures.experiments.stored(0)], report)
    [difference] = report.differences
    assert difference.key == "e: A, lists without their ranker"


def test_wrong_and_lost_figures_are_found():
    events, report = list(log(1)), Report()
    figures = counted(events)
    figures.experiments.partitions[0]["e"].arms["B"].sums[3, LIKED] += 50
    recounted(events).compare([figures.experiments.stored(0)], report)
    [difference] = report.differences
    assert difference.key == "e: B, liked"
    lost = Report()
    recounted(events).compare([], lost)
    assert lost.differing[STORE] >= 6
    together = Report()
    together.add(report)
    together.add(lost)
    assert together.differing[STORE] == 1 + lost.differing[STORE]


@pytest.mark.parametrize(("lost_watches", "is_found"), [(0, False), (FEW, False), (FEW + 20, True)])
def test_a_wrong_sum_of_shares_watched_is_found(lost_watches, is_found):
    events, report = list(log(1)), Report()
    figures = counted(events)
    figures.experiments.partitions[0]["e"].arms["B"].sums[3, WATCH_SHARE] += lost_watches * WATCH_UNIT
    recounted(events).compare([figures.experiments.stored(0)], report)
    found = [one.key for one in report.differences]
    assert found == (["e: B, thousandths watched"] if is_found else [])


def test_lost_distinct_videos_are_found():
    events, report = list(log(1)), Report()
    figures = counted(events)
    figures.experiments.partitions[0]["e"].arms["A"].sketch = bytearray(1 << SKETCH_BITS)
    recounted(events).compare([figures.experiments.stored(0)], report)
    [difference] = report.differences
    assert (difference.key, difference.found) == ("e: A, distinct videos", "0")


@pytest.mark.parametrize("lag", [0.0, LAG_S - 1])
def test_a_worker_counts_the_repeats_that_it_knows_of(lag):
    events, report = list(log(2)), Report()
    figures, expected = counted(events, lag), recounted(events)
    expected.compare([figures.experiments.stored(0)], report)
    assert report.is_clean
    for arm, tally in figures.experiments.partitions[0]["e"].arms.items():
        certain, most = expected._repeats.found["e", arm]
        repeats = tally.sums[:, REPEATS].sum()
        assert 300 < certain <= repeats <= most < tally.sums[:, SHOWN].sum()
        assert (repeats == most) == (lag == 0.0)


@pytest.mark.parametrize(("wrong", "is_found"), [(-4 * FEW, True), (0, False), (4 * FEW, True)])
def test_repeats_outside_of_what_logs_say_are_found(wrong, is_found):
    events, report = list(log(1)), Report()
    figures = counted(events)
    figures.experiments.partitions[0]["e"].arms["B"].sums[3, REPEATS] += wrong
    recounted(events).compare([figures.experiments.stored(0)], report)
    assert [one.key for one in report.differences] == (["e: B, repeats"] if is_found else [])
