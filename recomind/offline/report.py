"""Results of an evaluation as a table, as JSON and as a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from recomind.errors import InputError
from recomind.offline.evaluation import Evaluation, ScoredLike
from recomind.offline.metrics import Quality, novelty, quality
from recomind.recommender.candidates.registry import SOURCES

SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SEGMENTS = {
    "new": (0, 1),
    "1 to 9 likes": (1, 10),
    "10 to 49 likes": (10, 50),
    "50 likes and more": (50, 10**9),
}
"""User segment to its range of likes: at least, and less than."""

CURVE_POINTS = 24
"""Points of the hit rate over time; each covers the same number of likes."""


class Report(msgspec.Struct, frozen=True):
    """All metrics of one replay."""

    overall: Quality
    coverage: float
    """Share of the catalogue that was shown to at least one user."""
    novelty: float
    """Mean self-information of the shown videos, bits."""
    ms_per_recommendation: float
    """Median time to produce a list, milliseconds."""
    bytes_per_user: tuple[int, int]
    """Median and maximum size of an encoded profile."""
    bytes_per_video: tuple[int, int]
    """Median and maximum size of encoded popularity plus neighbours."""
    segments: dict[str, Quality]
    sources: dict[str, Quality]
    """Quality of each candidate source alone."""
    rankers: dict[str, Quality]
    """Quality of other rankers."""
    curve: tuple[tuple[float, float], ...]
    """(event time in epoch seconds, hit rate) over the test region."""

    def to_builtins(self) -> dict[str, Any]:
        """The report for JSON: headline metrics at the top level, segments and sources under `details`."""
        headline = {name: getattr(self.overall, name) for name in ("hr_at_10", "ndcg_at_10", "mrr")}
        rankers = {f"ranker {name}": one for name, one in self.rankers.items()}
        details = {name: value._asdict() for name, value in (self.segments | self.sources | rankers).items()}
        rest = {field: getattr(self, field) for field in self.__struct_fields__[1:6]}
        return {**headline, **rest, "likes": self.overall.likes, "hr_error": self.overall.hr_error, "details": details}

    def rows(self) -> list[tuple[str, str]]:
        """(name, text) of each row of the table."""
        return [
            ("all likes", _format_quality(self.overall)),
            *((name, _format_quality(one)) for name, one in self.segments.items()),
            *((f"{name} alone", _format_quality(one)) for name, one in self.sources.items()),
            *((f"ranker {name}", _format_quality(one)) for name, one in self.rankers.items()),
            ("coverage, novelty", f"{self.coverage:.3f}, {self.novelty:.2f} bits"),
            ("median time of a list", f"{self.ms_per_recommendation:.2f} ms"),
            ("bytes a user", "median {}, largest {}".format(*self.bytes_per_user)),
            ("bytes a video", "median {}, largest {}".format(*self.bytes_per_video)),
        ]


def make_report(evaluation: Evaluation) -> Report:
    """The report of an evaluation that has been run."""
    scored, engine = evaluation.scored, evaluation.engine
    shown = [video for one in scored for video in one.shown]
    likes = {video: one.counts.likes for video, one in engine.popularity.items()}
    total = max(1, sum(likes.values()))
    known = engine.popularity.keys() | engine.neighbours.keys()
    videos = [_size(engine.popularity.get(video)) + _size(engine.neighbours.get(video)) for video in known]
    return Report(
        overall=_quality(scored),
        coverage=len(set(shown)) / max(1, len(engine.index.videos)),
        novelty=novelty(np.array([likes.get(video, 0) / total for video in shown])),
        ms_per_recommendation=float(np.median([one.milliseconds for one in scored])) if scored else 0.0,
        bytes_per_user=_median_and_max([_size(one) for one in engine.profiles.values()]),
        bytes_per_video=_median_and_max(videos),
        segments={
            name: _quality([one for one in scored if low <= one.likes < high]) for name, (low, high) in SEGMENTS.items()
        },
        sources=_by_source(scored),
        rankers={
            name: _quality([one._replace(rank=one.by_ranker[number]) for one in scored if one.by_ranker])
            for number, name in enumerate(evaluation.rankers)
        },
        curve=_hit_rate_curve(scored),
    )


def parse_periods(text: str | None) -> dict[str, float]:
    """Refresh periods in seconds by name; the first is 0 (live).

    Raises:
        InputError: a period is not a number followed by s, m, h or d.
    """
    found = {"made live": 0.0}
    for name in (text or "").replace(" ", "").split(","):
        if name and (name[-1] not in SECONDS_PER_UNIT or not name[:-1].replace(".", "", 1).isdigit()):
            raise InputError(f"--as-if-batch {name!r}: give periods like 30s, 10m, 1h or 1d")
        if name:
            found[f"made every {name}"] = float(name[:-1]) * SECONDS_PER_UNIT[name[-1]]
    return found


def plot_quality(reports: Mapping[str, Report], path: Path) -> None:
    """Plot hit rates over time; with several reports also the hit rate by refresh period."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2 if len(reports) > 1 else 1, figsize=(10, 4), squeeze=False)
    for name, report in reports.items():
        start = report.curve[0][0] if report.curve else 0
        axes[0][0].plot(
            [(at - start) / 86400 for at, _ in report.curve], [share for _, share in report.curve], label=name
        )
    axes[0][0].set(xlabel="days into the test region", ylabel="HR@10", title="Quality over time")
    axes[0][0].legend()
    if len(reports) > 1:
        axes[0][1].bar(list(reports), [report.overall.hr_at_10 for report in reports.values()])
        axes[0][1].set(ylabel="HR@10", title="The cost of staleness")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _quality(scored: list[ScoredLike]) -> Quality:
    return quality(np.array([one.rank for one in scored]))


def _by_source(scored: list[ScoredLike]) -> dict[str, Quality]:
    measured = [one.by_source for one in scored if one.by_source]
    columns = zip(*measured, strict=True)
    return {name: quality(np.array(ranks)) for name, ranks in zip(SOURCES, columns, strict=False)}


def _hit_rate_curve(scored: list[ScoredLike]) -> tuple[tuple[float, float], ...]:
    parts = [part for part in np.array_split(np.arange(len(scored)), CURVE_POINTS) if len(part)]
    return tuple((scored[part[0]].timestamp, float(np.mean([scored[at].rank <= 10 for at in part]))) for part in parts)


def _size(value: Any) -> int:
    return len(msgspec.msgpack.encode(value)) if value is not None else 0


def _median_and_max(sizes: list[int]) -> tuple[int, int]:
    return (int(np.median(sizes)), max(sizes)) if sizes else (0, 0)


def _format_quality(one: Quality) -> str:
    return (
        f"HR@10 {one.hr_at_10:.4f} ±{one.hr_error:.4f}, NDCG@10 {one.ndcg_at_10:.4f}, MRR {one.mrr:.4f} ({one.likes})"
    )
