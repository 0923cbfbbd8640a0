"""Statistics of workers, for operators: of each worker, and of all workers together.

A worker publishes its statistics as absolute values; readers add up those of all workers. Field names in
JSON and MessagePack differ from the names here: `/operations` and its page depend on them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import msgspec

from recomind.model.ids import Partition, all_partitions
from recomind.recommender.blend.model import Weights
from recomind.recommender.ranked import FEATURE_NAMES
from recomind.runtime import served_counts
from recomind.runtime.served_quality import ServedQuality, quality_of
from recomind.runtime.video_impressions import CatalogueFigures

FRESHNESS_BOUNDS_S: Final = tuple(0.01 * 1.2**step for step in range(64))
"""Upper bounds of the buckets of freshness, in seconds: from 10 ms to 16 minutes, each 20 % above the one before."""

RECENT: Final = "15m"
"""The period of the figures in `ClusterStats`."""

PERIODS: Final = (RECENT, "24h")

MAX_WEIGHTS: Final = 12
"""Number of feature weights in `ClusterStats`; the page shows fewer, so that one that rises already has a history."""


class WorkerStats(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of one worker."""

    worker: str
    """Host name and process id."""
    address: str
    """Host and port of its HTTP server."""
    measured_at: float = msgspec.field(name="at")
    """Epoch seconds."""
    uptime_s: float = msgspec.field(name="up")
    """Seconds since it started."""
    partitions: tuple[Partition, ...]
    is_leader: bool = msgspec.field(name="leads")
    """Whether it does what one worker has to do for all."""
    cpu_share: float = msgspec.field(name="processor")
    """Share of one core, over the last second."""
    memory_bytes: int = msgspec.field(name="memory")
    """Resident set size."""
    actions_per_second: dict[str, float] = msgspec.field(name="per_second")
    """Actions processed per second by type, over the last ten seconds."""
    consumer_lag: dict[str, int] = msgspec.field(name="lag")
    """Topic to records not committed yet."""
    pending_refreshes: int = msgspec.field(name="waiting")
    """Users without a list that counts their latest actions."""
    lists_per_second: float
    """Lists ranked and stored per second, over the last ten seconds."""
    freshness: dict[int, int]
    """Bucket of `FRESHNESS_BOUNDS_S` to the number of lists of the last minute in it."""
    lists_served: dict[str, int] = msgspec.field(name="served")
    """Where lists came from (`cache`, `cold`, `archive`) to how many were served in the last minute."""
    dead_letters: int
    """Since it started."""
    timer_errors: int
    """Since it started."""
    event_streams: int = msgspec.field(name="streams")
    """Open streams of server-sent events."""
    shown: dict[str, dict[str, tuple[int, ...]]]
    """Period (`15m`, `24h`) to counts of what this worker's users were shown; see `served_counts.ROW_NAMES`."""
    catalogue: CatalogueFigures | None
    """What the users of all workers were shown of the catalogue; null on all workers but the leader."""
    table_keys: dict[str, int] = msgspec.field(name="keys")
    """State table to its number of keys on this worker."""
    rules: dict[str, tuple[int, int]] = {}
    """Rule to the lists, and the videos in them, that it had an effect on in the last hour."""


class ClusterStats(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of all workers together."""

    measured_at: float = msgspec.field(name="at")
    """Epoch seconds."""
    workers: int
    actions_per_second: float
    lists_per_second: float
    consumer_lag: int = msgspec.field(name="lag")
    """Records not committed yet."""
    pending_refreshes: int = msgspec.field(name="waiting")
    """Users without a list that counts their latest actions."""
    freshness_p50_s: float | None = msgspec.field(name="fresh_p50")
    """Seconds from Kafka's append of an action until a list counts it, or the outdated list is dropped.

    Median of the last minute; null if there were no such lists.
    """
    freshness_p99_s: float | None = msgspec.field(name="fresh_p99")
    """The 99th percentile of the same."""
    cache_hit_rate: float | None = msgspec.field(name="cache_hits")
    """Share of the lists served in the last minute that came from Redis; null if none was served."""
    dead_letters: int
    """Since the workers started."""
    timer_errors: int
    """Since the workers started."""
    event_streams: int = msgspec.field(name="streams")
    """Open streams of server-sent events."""
    like_rate: float | None
    """Likes per place that users were shown in the last 15 minutes, without the control group; null without places."""
    control_like_rate: float | None
    """The same of the control group, whose lists are random."""
    lists_with_a_like: float | None
    """Share of the lists acted on in the last 15 minutes in which a video was liked; null without such lists."""
    like_rate_by_source: dict[str, float]
    """Source to the likes per place whose video it proposed, in the last 15 minutes."""
    weights: dict[str, float]
    """Blend weights of the features with the largest weights."""
    training_steps: int = msgspec.field(name="version")
    """Likes that the blend was trained on."""


def cluster_stats(workers: Sequence[WorkerStats], weights: Weights, now: float) -> ClusterStats:
    """Add up the statistics of workers.

    Args:
        workers: what each has published.
        weights: the weights of the blend.
        now: epoch seconds.
    """
    freshness = _total(one.freshness for one in workers)
    served = _total(one.lists_served for one in workers)
    quality = served_quality(workers)[RECENT]
    rates = {name: one.like_rate for name, one in quality.by_source.items()}
    largest = sorted(weights_by_feature(weights).items(), key=lambda pair: -abs(pair[1]))[:MAX_WEIGHTS]
    return ClusterStats(
        measured_at=now,
        workers=len(workers),
        actions_per_second=round(sum(sum(one.actions_per_second.values()) for one in workers), 1),
        lists_per_second=round(sum(one.lists_per_second for one in workers), 1),
        consumer_lag=sum(sum(one.consumer_lag.values()) for one in workers),
        pending_refreshes=sum(one.pending_refreshes for one in workers),
        freshness_p50_s=percentile(freshness, 0.5),
        freshness_p99_s=percentile(freshness, 0.99),
        cache_hit_rate=round(served["cache"] / served.total(), 4) if served.total() else None,
        dead_letters=sum(one.dead_letters for one in workers),
        timer_errors=sum(one.timer_errors for one in workers),
        event_streams=sum(one.event_streams for one in workers),
        like_rate=quality.like_rate,
        control_like_rate=quality.control.like_rate,
        lists_with_a_like=quality.lists_with_a_like,
        like_rate_by_source={name: rate for name, rate in rates.items() if rate is not None},
        weights={name: round(weight, 4) for name, weight in largest},
        training_steps=weights.version,
    )


def served_quality(workers: Sequence[WorkerStats]) -> dict[str, ServedQuality]:
    """Period to the figures of what the users of all workers were shown."""
    return {period: quality_of(served_counts.total(one.shown.get(period, {}) for one in workers)) for period in PERIODS}


def catalogue_of(workers: Sequence[WorkerStats]) -> CatalogueFigures | None:
    """What the users of all workers were shown of the catalogue; None until the leader has added it up."""
    return next((one.catalogue for one in workers if one.catalogue is not None), None)


def rule_totals(workers: Sequence[WorkerStats]) -> dict[str, tuple[int, int]]:
    """Rule to the (lists, videos) that it had an effect on in the last hour, on all workers."""
    lists = _total({rule: counts[0] for rule, counts in one.rules.items()} for one in workers)
    videos = _total({rule: counts[1] for rule, counts in one.rules.items()} for one in workers)
    return {rule: (count, videos[rule]) for rule, count in lists.items()}


def weights_by_feature(weights: Weights) -> dict[str, float]:
    """The weight of each feature for all users: what one standard deviation of it adds to a score; empty at first."""
    return dict(zip(FEATURE_NAMES, weights.linear()[0].tolist(), strict=True)) if weights.version else {}


def unowned_partitions(workers: Sequence[WorkerStats], partitions: int) -> tuple[int, ...]:
    """Those of the `partitions` partitions that no worker owns."""
    return tuple(sorted(set(all_partitions(partitions)).difference(*(one.partitions for one in workers))))


def freshness_bucket(seconds: float) -> int:
    """The bucket of `FRESHNESS_BOUNDS_S` that a time belongs to."""
    return min(bisect_left(FRESHNESS_BOUNDS_S, seconds), len(FRESHNESS_BOUNDS_S) - 1)


def percentile(buckets: Mapping[int, int], share: float) -> float | None:
    """The upper bound, in seconds, of the bucket that holds a percentile: at most 20 % too high. None without counts.

    >>> round(percentile({freshness_bucket(0.1): 98, freshness_bucket(2.0): 2}, 0.5), 2)
    0.11
    """
    numbers = sorted(buckets)
    sums = list(accumulate(buckets[number] for number in numbers))
    if not sums or not sums[-1]:
        return None
    return round(FRESHNESS_BOUNDS_S[numbers[bisect_left(sums, share * sums[-1])]], 3)


def _total(counts: Iterable[Mapping[Any, int]]) -> Counter[Any]:
    total = Counter[Any]()
    for some in counts:
        total.update(some)
    return total
