"""A worker's Prometheus metrics, in a registry of their own; `docs/operations.md` lists them."""

from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping
from time import monotonic
from typing import Final

from mode.utils.logging import get_logger
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from recomind.model.context_limits import HEADER_KEYS
from recomind.runtime.health import CAUSES
from recomind.runtime.worker_stats import freshness_bucket

logger = get_logger(__name__)

FRESHNESS_BUCKETS_S: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300)
"""Upper bounds of the exported histogram, in seconds."""

PASSED_OVER: Final = "passed over"
"""Label of places of served lists that were passed over, beside the types of actions."""

RECENT_S: Final = 60.0
"""Seconds for which `RecentFreshness` keeps a measurement."""

SLICE_S: Final = RECENT_S / 10
"""Seconds after which it begins a new slice; it drops whole slices."""


class Metrics:
    """All metrics of a worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.actions = self._counter("actions", "Actions processed", "action_type")
        self.dead_letters = self._counter("dead_letters", "Records that could not be decoded")
        self.unreadable_records = self._counter("unreadable_records", "Records that are not ours, by topic", "topic")
        self.unreadable_headers = self._counter(
            "unreadable_context_headers", "Trusted headers whose value was ignored, by key of the context", "key"
        )
        self.timer_errors = self._counter("timer_errors", "Timers that raised an error")
        self.lists_stored = self._counter("lists_stored", "Recommendation lists ranked and stored")
        self.training_steps = self._counter("training_steps", "Likes that the blend was trained on")
        self.list_entries = self._counter("list_entries", "Videos in stored lists, by strategy", "strategy")
        self.lists_served = self._counter("lists_served", "Lists served, by where they came from", "source")
        self.lists_dropped = self._counter("served_lists_dropped", "Served lists that were not recorded")
        self.extension_faults = self._counter(
            "extension_faults", "Calls of extensions that lists lack", "kind", "name", "cause"
        )
        self.outcomes = self._counter("outcomes", "Outcomes of served videos learned from, by action", "action_type")
        self.freshness = Histogram(
            "recomind_freshness_seconds",
            "Time from Kafka's append of an action until no stored list lacks it",
            buckets=FRESHNESS_BUCKETS_S,
            registry=self.registry,
        )
        self.recent_freshness = RecentFreshness()
        self.pending_refreshes = self._gauge("pending_refreshes", "Users without a list that counts their last action")
        self.users_without_list = self._gauge("users_without_list", "Those of them whose outdated list was dropped")
        self.consumer_lag = self._gauge("consumer_lag_records", "Records not committed yet, by topic", "topic")
        self.blend_weight = self._gauge("blend_weight", "Weight of a feature in the blend", "feature")
        self.table_keys = self._gauge("table_keys", "Keys of a state table on this worker", "table")
        self.event_streams = self._gauge("event_streams", "Open streams of server-sent events")
        self.is_ready = self._gauge("is_ready", "1 while the worker is ready")
        self.is_degraded = self._gauge("is_degraded", "1 while a worker does not do all of its work", "cause")
        self.is_leader = self._gauge("is_leader", "1 on the worker that does what one has to do for all")
        self.partitions = self._gauge("partitions", "Partitions of every topic")
        self.partition_owned = self._gauge("partition_owned", "1 for each partition of this worker", "partition")
        ProcessCollector(registry=self.registry)
        for key in HEADER_KEYS:
            self.unreadable_headers.labels(key)
        for source in ("cache", "cold", "archive"):
            self.lists_served.labels(source)
        for action_type in ("like", "view", "skip", PASSED_OVER):
            self.outcomes.labels(action_type)

    def observe_freshness(self, seconds: float) -> None:
        """Record the time from Kafka's append of an action until a list counts it, or the outdated one is dropped."""
        self.freshness.observe(seconds)
        self.recent_freshness.add(seconds)

    def note_unreadable(self, topic: str) -> Callable[[Exception], None]:
        """A function that counts, and logs, a record of a topic that is not ours."""

        def note(error: Exception) -> None:
            self.unreadable_records.labels(topic).inc()
            logger.error("%s", error)

        return note

    def set_degraded(self, causes: Container[str]) -> None:
        """Set the gauge of each cause for which a worker may be degraded."""
        for cause in CAUSES:
            self.is_degraded.labels(cause).set(cause in causes)

    def set_gauges(
        self,
        *,
        pending_refreshes: int,
        users_without_list: int,
        is_ready: bool,
        is_leader: bool,
        partitions: int,
        owned: Iterable[int],
        table_keys: Mapping[str, int],
        consumer_lag: Mapping[str, int],
    ) -> None:
        """Set the gauges of the worker's state.

        Args:
            pending_refreshes: users in the refresh queue.
            users_without_list: those of them whose outdated list was dropped.
            is_ready: whether the worker is ready.
            is_leader: whether it does what one has to do for all.
            partitions: number of partitions of every topic.
            owned: the worker's partitions.
            table_keys: state table to its number of keys.
            consumer_lag: topic to its lag, in records.
        """
        self.pending_refreshes.set(pending_refreshes)
        self.users_without_list.set(users_without_list)
        self.is_ready.set(is_ready)
        self.is_leader.set(is_leader)
        self.partitions.set(partitions)
        self.partition_owned.clear()
        for partition in owned:
            self.partition_owned.labels(str(partition)).set(1)
        for table, keys in table_keys.items():
            self.table_keys.labels(table).set(keys)
        for topic, records in consumer_lag.items():
            self.consumer_lag.labels(topic).set(records)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"recomind_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"recomind_{name}", meaning, labels, registry=self.registry)


class RecentFreshness:
    """Histogram of the last minute's freshness."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._slices: deque[tuple[float, Tally[int]]] = deque()
        """Start of each slice, and its counts by bucket; oldest first."""

    def add(self, seconds: float) -> None:
        """Count a measurement."""
        now = self._clock()
        if not self._slices or now - self._slices[-1][0] >= SLICE_S:
            self._slices.append((now, Tally()))
        self._slices[-1][1][freshness_bucket(seconds)] += 1

    def by_bucket(self) -> dict[int, int]:
        """Bucket (see `freshness_bucket`) to its number of measurements."""
        while self._slices and self._slices[0][0] < self._clock() - RECENT_S:
            self._slices.popleft()
        return dict(sum((tally for _, tally in self._slices), Tally()))


def values_by_label(metric: Counter | Gauge) -> dict[str, float]:
    """The values of a metric with one label, by that label; of one without labels, under the empty string."""
    samples = (sample for family in metric.collect() for sample in family.samples)
    return {"".join(sample.labels.values()): sample.value for sample in samples if not sample.name.endswith("_created")}
