"""Prometheus metrics of served lists and their outcomes, computed from the counts at each scrape."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from recomind.experiments import tallies
from recomind.recommender.place_sources import BITS
from recomind.runtime.served_counts import (
    CONTROL,
    CONTROL_LISTS,
    DRAWN_ROW,
    FIRST_PLACE,
    FIRST_SOURCE,
    LIST_LIKES,
    LISTS,
    PLACES,
    RANKED,
    REPEATS,
    ROW_NAMES,
    SHOWN,
)
from recomind.runtime.served_figures import ServedFigures

_OUTCOMES = ("shown", "acted_on", "liked")

_COLUMNS = {"shown": tallies.SHOWN, "acted_on": tallies.ACTED_ON, "liked": tallies.LIKED, "skipped": tallies.SKIPPED}

_GROUPS = {"ranked": RANKED, "explored": DRAWN_ROW, "control": CONTROL}
_LISTS = {"ranked": LISTS, "control": CONTROL_LISTS}
_SOURCES = {name: FIRST_SOURCE + bit for name, bit in BITS.items()}
_PLACES = {ROW_NAMES[row][6:]: row for row in range(FIRST_PLACE, FIRST_PLACE + PLACES + 1)}


class ServedMetrics(Collector):
    """The counts of a worker since its start."""

    def __init__(self, figures: ServedFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The metrics now."""
        yield self._counter("served_videos", "Places of served lists, by group", "group", _GROUPS)
        yield self._counter("served_videos_by_source", "Places by the sources that proposed them", "source", _SOURCES)
        yield self._counter("served_videos_by_place", "Places by their position", "place", _PLACES)
        yield self._counter("served_lists", "Served lists, by group", "group", _LISTS)
        counts = self._figures.since_start
        repeats = int(counts[REPEATS, SHOWN])
        yield CounterMetricFamily("recomind_served_repeats", "Shown videos that were acted on before", value=repeats)
        likes, hits = counts[LIST_LIKES, :2].tolist()
        first_likes = CounterMetricFamily("recomind_first_likes", "First likes after a served list", labels=["found"])
        first_likes.add_metric(["first_ten"], hits)
        first_likes.add_metric(["elsewhere"], likes - hits)
        yield first_likes
        yield self._experiments()
        yield from self._catalogue()

    def _experiments(self) -> CounterMetricFamily:
        family = CounterMetricFamily(
            "recomind_experiment_places", "Places by experiment and arm", labels=["experiment", "arm", "outcome"]
        )
        for (experiment, arm), counts in sorted(self._figures.experiments.since_start.items()):
            for outcome, column in _COLUMNS.items():
                family.add_metric([experiment, arm, outcome], int(counts[column]))
        return family

    def _counter(self, name: str, meaning: str, label: str, rows: dict[str, int]) -> CounterMetricFamily:
        family = CounterMetricFamily(f"recomind_{name}", meaning, labels=[label, "outcome"])
        for value, row in rows.items():
            for outcome, count in zip(_OUTCOMES, self._figures.since_start[row].tolist(), strict=True):
                family.add_metric([value, outcome], count)
        return family

    def _catalogue(self) -> Iterator[GaugeMetricFamily]:
        """Only the leader knows these: on other workers they have no value."""
        found = self._figures.catalogue
        coverage = GaugeMetricFamily("recomind_catalogue_coverage", "Share of the catalogue shown within 24 hours")
        new_videos = GaugeMetricFamily("recomind_new_videos_seen", "Share of a day's uploads shown 20 times")
        if found is not None and found.coverage is not None:
            coverage.add_metric([], found.coverage)
        if found is not None and found.new_videos_seen is not None:
            new_videos.add_metric([], found.new_videos_seen)
        yield coverage
        yield new_videos
