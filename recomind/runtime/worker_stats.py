"""The figures an operator watches: of each worker, and of all of them together.

A worker publishes its figures as one absolute value; whoever shows them adds up what the workers say.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import msgspec

from recomind.recommender import hit_rate
from recomind.recommender.blend.model import Weights
from recomind.recommender.hit_rate import HYBRID, Quality
from recomind.recommender.pipeline import NAMES

BOUNDS: Final = tuple(0.01 * 1.2**step for step in range(64))
"""Upper bounds of the buckets of freshness, in seconds: 10 ms to 16 minutes, each 20 % above the one before."""

WEIGHTS: Final = 12
"""How many features' weights are told: some more than the page shows, so that one that rises has its past there."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's figures."""

    worker: str
    """Host and process."""
    address: str
    """Where it serves HTTP."""
    at: float
    """When these were taken, epoch seconds."""
    up: float
    """Seconds since it started."""
    partitions: tuple[int, ...]
    leads: bool
    """Whether it does what one has to do for all."""
    processor: float
    """Share of one core, over the last second."""
    memory: int
    """Resident, bytes."""
    per_second: dict[str, float]
    """Actions applied in a second, by type, over the last ten seconds."""
    lag: dict[str, int]
    """Topic to records not yet committed."""
    waiting: int
    """People with news whose list is not done."""
    lists_per_second: float
    """Over the last ten seconds."""
    freshness: dict[int, int]
    """Bucket of `BOUNDS` to how many lists were that fresh in the last minute."""
    served: dict[str, int]
    """Where lists came from (`cache`, `cold`, `archive`) to how many were served in the last minute."""
    dead_letters: int
    """Since it started."""
    timer_errors: int
    """Since it started."""
    streams: int
    """Pages that news are pushed to."""
    quality: dict[str, Quality]
    """Of the hybrid and of each source alone."""
    keys: dict[str, int]
    """Table to how many values it has here."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All workers' figures together."""

    at: float
    workers: int
    actions_per_second: float
    lists_per_second: float
    lag: int
    waiting: int
    fresh_p50: float | None
    """Seconds from the log's taking an action to the list that counts it: median of the last minute; null: none."""
    fresh_p99: float | None
    cache_hits: float | None
    """Share of the last minute's lists that came from Redis; null: none was asked for."""
    dead_letters: int
    """Since the workers started."""
    timer_errors: int
    """Since the workers started."""
    streams: int
    quality: dict[str, float]
    """Share of the latest likes that were among the first ten just before, for the hybrid and for each source alone."""
    likes_scored: float
    """How many likes that is of, the latest counting most."""
    weights: dict[str, float]
    """Of the features that weigh most in the blend."""
    version: int
    """Likes the blend has learned from."""


def summary(workers: Sequence[Figures], weights: Weights, at: float) -> Summary:
    """Add up workers' figures.

    Args:
        workers: what each has published.
        weights: what the blend has learned.
        at: when, epoch seconds.
    """
    fresh, served = _sum(one.freshness for one in workers), _sum(one.served for one in workers)
    names = sorted({name for one in workers for name in one.quality})
    quality = {name: hit_rate.total(one.quality[name] for one in workers if name in one.quality) for name in names}
    heaviest = sorted(by_feature(weights).items(), key=lambda pair: -abs(pair[1]))[:WEIGHTS]
    return Summary(
        at=at,
        workers=len(workers),
        actions_per_second=round(sum(sum(one.per_second.values()) for one in workers), 1),
        lists_per_second=round(sum(one.lists_per_second for one in workers), 1),
        lag=sum(sum(one.lag.values()) for one in workers),
        waiting=sum(one.waiting for one in workers),
        fresh_p50=percentile(fresh, 0.5),
        fresh_p99=percentile(fresh, 0.99),
        cache_hits=round(served["cache"] / served.total(), 4) if served.total() else None,
        dead_letters=sum(one.dead_letters for one in workers),
        timer_errors=sum(one.timer_errors for one in workers),
        streams=sum(one.streams for one in workers),
        quality={name: round(one.hit_rate, 4) for name, one in quality.items()},
        likes_scored=round(quality.get(HYBRID, Quality()).likes, 1),
        weights={name: round(weight, 4) for name, weight in heaviest},
        version=weights.version,
    )


def by_feature(weights: Weights) -> dict[str, float]:
    """What the blend has learned of each feature for all people: what a standard deviation more adds to a score."""
    return dict(zip(NAMES, weights.linear()[0].tolist(), strict=True)) if weights.version else {}


def missing(workers: Sequence[Figures], partitions: int) -> tuple[int, ...]:
    """The partitions, of so many, that no worker says it has."""
    return tuple(sorted(set(range(partitions)).difference(*(one.partitions for one in workers))))


def bucket(seconds: float) -> int:
    """The bucket of `BOUNDS` that a time belongs to."""
    return min(bisect_left(BOUNDS, seconds), len(BOUNDS) - 1)


def percentile(buckets: Mapping[int, int], share: float) -> float | None:
    """The bound under which a share of the times lies, in seconds, at most 20 % too high; None without times.

    >>> round(percentile({bucket(0.1): 98, bucket(2.0): 2}, 0.5), 2)
    0.11
    """
    numbers = sorted(buckets)
    sums = list(accumulate(buckets[number] for number in numbers))
    return round(BOUNDS[numbers[bisect_left(sums, share * sums[-1])]], 3) if sums and sums[-1] else None


def _sum(parts: Iterable[Mapping[Any, int]]) -> Counter[Any]:
    found = Counter[Any]()
    for part in parts:
        found.update(part)
    return found
