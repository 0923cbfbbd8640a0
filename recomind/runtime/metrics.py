"""What an operator watches, as Prometheus metrics in a registry of the app's own; `docs/operations.md` lists them."""

from collections import Counter as Tally
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from recomind.runtime.worker_stats import bucket

FRESHNESS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300)
"""Bounds of the exported histogram, in seconds."""

MINUTE: Final = 60.0


class Counters:
    """All metrics of a worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.actions = self._counter("actions", "Actions applied", "action_type")
        self.dead_letters = self._counter("dead_letters", "Records that could not be read")
        self.timer_errors = self._counter("timer_errors", "Periodic work that failed")
        self.lists = self._counter("lists", "Lists ranked and stored")
        self.lessons = self._counter("lessons", "Likes the blend has learned from")
        self.picks = self._counter("picks", "Videos put into lists, by the strategy behind them", "strategy")
        self.served = self._counter("lists_served", "Lists asked for, by where they came from", "source")
        self.scored = self._counter("prequential_likes", "Likes that scored the ranking before teaching it")
        self.hits = self._counter("prequential_hits", "Those whose video was among the first ten", "ranker")
        self.freshness = Histogram(
            "recomind_freshness_seconds",
            "From the log's taking an action to the writing of the list that counts it",
            buckets=FRESHNESS,
            registry=self.registry,
        )
        self.recent = Recent()
        self.waiting = self._gauge("people_waiting", "People with news whose list is not done")
        self.lag = self._gauge("lag", "Records not yet committed", "topic")
        self.weight = self._gauge("blend_weight", "Weight of a feature in the blend", "feature")
        self.keys = self._gauge("table_keys", "Values in a table here", "table")
        self.streams = self._gauge("streams", "Pages that news are pushed to")
        self.ready = self._gauge("ready", "1 while the worker has the state of its partitions")
        self.leads = self._gauge("leads", "1 on the worker that does what one has to do for all")
        self.partitions = self._gauge("partitions", "Partitions of every topic")
        self.owned = self._gauge("partition_owned", "1 for each partition that the worker has", "partition")
        ProcessCollector(registry=self.registry)
        for source in ("cache", "cold", "archive"):
            self.served.labels(source)

    def fresh(self, seconds: float) -> None:
        """A list was written so long after the log took the first action that it counts."""
        self.freshness.observe(seconds)
        self.recent.add(seconds)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"recomind_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"recomind_{name}", meaning, labels, registry=self.registry)


class Recent:
    """Freshness of the last minute, in slices of a tenth of it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._slices: deque[tuple[float, Tally[int]]] = deque()

    def add(self, seconds: float) -> None:
        """Count a time."""
        now = self._clock()
        if not self._slices or now - self._slices[-1][0] >= MINUTE / 10:
            self._slices.append((now, Tally()))
        self._slices[-1][1][bucket(seconds)] += 1

    def buckets(self) -> dict[int, int]:
        """Bucket to how many times of the last minute it has."""
        while self._slices and self._slices[0][0] < self._clock() - MINUTE:
            self._slices.popleft()
        return dict(sum((tally for _, tally in self._slices), Tally()))


def by_label(metric: Counter | Gauge) -> dict[str, float]:
    """The values of a metric by its one label; under the empty name where it has none."""
    samples = (sample for family in metric.collect() for sample in family.samples)
    return {"".join(sample.labels.values()): sample.value for sample in samples if not sample.name.endswith("_created")}
