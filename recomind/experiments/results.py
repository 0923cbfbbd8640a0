"""What the tallies of an experiment say: figures of arms, differences from the first arm, and the checks of both."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite, isinf
from typing import Final, NamedTuple

import numpy as np

from recomind.experiments import sample_ratio
from recomind.experiments.book import BOTH
from recomind.experiments.cluster_sums import Ratio, difference, preference, ratio
from recomind.experiments.confidence import ALPHA, Interval
from recomind.experiments.tallies import (
    COLUMNS,
    CREDIT,
    LIKED,
    LISTS,
    MAX_USERS,
    RANKER_LEFT_OUT,
    REPEATS,
    SHOWN,
    SKIPPED,
    WATCH_SHARE,
    WATCH_UNIT,
    WATCHED,
    ArmTally,
    StoredTally,
    Sums,
    distinct_videos,
)
from recomind.model.experiment_responses import (
    ArmFigures,
    Difference,
    ExperimentFigures,
    Preference,
    SampleRatio,
    Verdict,
)
from recomind.model.experiments import LESS_IS_BETTER, METRICS, Experiment, ExperimentRecord

_COLUMNS_OF: Final = {
    "like_rate": (LIKED, SHOWN, 1),
    "watch_share": (WATCH_SHARE, WATCHED, WATCH_UNIT),
    "skip_rate": (SKIPPED, SHOWN, 1),
    "repeats": (REPEATS, SHOWN, 1),
}
"""Metric to the columns of its numerator and denominator, and the unit of the numerator."""


class ArmTotals(NamedTuple):
    """The tally of an arm in all partitions."""

    sums: Sums
    """Shape (clusters of all partitions, COLUMNS)."""
    users: int
    videos: int
    """About how many distinct videos were shown."""

    def ratio(self, metric: str) -> Ratio:
        """A metric, and its variance."""
        numerator, denominator, unit = _COLUMNS_OF[metric]
        return ratio(self.sums[:, numerator] / unit, self.sums[:, denominator].astype(float))


class Totals(NamedTuple):
    """The tallies of an experiment in all partitions."""

    arms: Mapping[str, ArmTotals]
    is_full: bool = False
    """Whether the number of users is a part of them, since a partition has as many as are counted."""


def totals_of(record: ExperimentRecord, partitions: Iterable[Mapping[str, StoredTally]]) -> Totals:
    """Add up what partitions have stored of an experiment."""
    tallies = [one[record.name] for one in partitions if record.name in one]
    tallies = [one for one in tallies if one.created_at == record.created_at]
    arms: dict[str, ArmTotals] = {}
    is_full = False
    for name in _names(record):
        parts, sketch, users = [np.zeros((0, COLUMNS), np.int64)], ArmTally().sketch, 0
        for one in tallies:
            if name in one.arms:
                tally = ArmTally()
                tally.add(one.arms[name])
                parts.append(tally.sums)
                sketch, users = bytearray(map(max, sketch, tally.sketch)), users + len(tally.users)
                is_full |= len(tally.users) >= MAX_USERS
        arms[name] = ArmTotals(np.concatenate(parts), users, distinct_videos(sketch))
    return Totals(arms, is_full)


def figures_of(record: ExperimentRecord, totals: Totals, *, is_running: bool) -> ExperimentFigures:
    """The figures of an experiment, as they are shown.

    Raises:
        ValueError: the record is that of a deletion.
    """
    experiment = record.experiment
    if experiment is None:
        raise ValueError(f"{record.name} was deleted")
    return ExperimentFigures(
        record.name,
        experiment,
        is_running,
        record.created_at,
        tuple(_arm_figures(name, record, totals) for name in _names(record)),
        tuple(_differences(experiment, totals)),
        None if record.stopped else _sample_ratio(experiment, totals),
        _preference(experiment, totals),
        record.changed_by,
        record.changed_at,
    )


def breaches(record: ExperimentRecord, totals: Totals) -> dict[str, str]:
    """Arms that guardrails stop now, with the reason; those that were stopped before are left out."""
    experiment, found = record.experiment, dict[str, str]()
    if experiment is None or experiment.mode != "ab":
        return found
    for arm in experiment.arms[1:]:
        for guardrail in experiment.guardrails:
            one = _interval(experiment, totals, arm.name, guardrail.metric)
            worse = one.low if guardrail.metric in LESS_IS_BETTER else -one.high
            if arm.name not in record.stopped and worse > guardrail.worse_by:
                found[arm.name] = (
                    f"{guardrail.metric} differs by {one.estimate:+.4f} ({one.low:+.4f} to {one.high:+.4f}), "
                    f"worse by more than {guardrail.worse_by:g}"
                )
    return found


def _names(record: ExperimentRecord) -> Sequence[str]:
    experiment = record.experiment
    if experiment is None:
        return ()
    return (BOTH,) if experiment.mode == "interleaving" else [arm.name for arm in experiment.arms]


def _arm_figures(name: str, record: ExperimentRecord, totals: Totals) -> ArmFigures:
    found = totals.arms[name]
    values = {metric: _known(found.ratio(metric).value) for metric in METRICS}
    lists, left_out = found.sums[:, [LISTS, RANKER_LEFT_OUT]].sum(axis=0).tolist()
    return ArmFigures(
        name,
        found.users,
        totals.is_full,
        int(found.sums[:, SHOWN].sum()),
        int(found.sums[:, LIKED].sum()),
        values["like_rate"],
        values["watch_share"],
        values["skip_rate"],
        values["repeats"],
        found.videos,
        lists,
        round(left_out / lists, 6) if lists else None,
        record.stopped.get(name, ""),
    )


def _differences(experiment: Experiment, totals: Totals) -> Iterable[Difference]:
    if experiment.mode != "ab":
        return
    for arm in experiment.arms[1:]:
        for metric in METRICS:
            one = _interval(experiment, totals, arm.name, metric)
            is_better = one.high < 0 if metric in LESS_IS_BETTER else one.low > 0
            verdict: Verdict = "better" if is_better else "worse" if one.excludes_zero else "unknown"
            yield Difference(arm.name, metric, _known(one.estimate), _known(one.low), _known(one.high), verdict)


def _interval(experiment: Experiment, totals: Totals, arm: str, metric: str) -> Interval:
    """The difference of an arm from the first one; each of several arms has its part of alpha (Bonferroni)."""
    alpha, control = ALPHA / (len(experiment.arms) - 1), experiment.arms[0].name
    found = difference(totals.arms[arm].ratio(metric), totals.arms[control].ratio(metric), experiment.matters, alpha)
    return found if isfinite(found.estimate) else Interval(found.estimate, -np.inf, np.inf)


def _sample_ratio(experiment: Experiment, totals: Totals) -> SampleRatio | None:
    if experiment.mode != "ab":
        return None
    counts = [totals.arms[arm.name].users for arm in experiment.arms]
    shares = [arm.share for arm in experiment.arms]
    evidence = sample_ratio.e_value(counts, shares)
    return SampleRatio(
        not sample_ratio.is_mismatch(counts, shares),
        min(1.0, 0.0 if isinf(evidence) else 1 / evidence),
        tuple(round(sum(counts) * share / sum(shares), 1) for share in shares),
    )


def _preference(experiment: Experiment, totals: Totals) -> Preference | None:
    if experiment.mode != "interleaving":
        return None
    sums = totals.arms[BOTH].sums
    one = preference(sums[:, CREDIT], int(sums[:, SHOWN].sum()), experiment.matters)
    first, second = (arm.name for arm in experiment.arms)
    preferred = second if one.low > 0 else first if one.high < 0 else ""
    return Preference(preferred, _known(one.estimate), _known(one.low), _known(one.high))


def _known(value: float) -> float | None:
    return round(value, 6) if isfinite(value) else None
