"""Growth: cost of an action, a list and a recovery with ten times the users, videos and history.

A small and a large data set run at the same time, each on a stack of its own, and take turns: if the machine slows
down for a minute, both are affected.
"""

from asyncio import sleep
from collections.abc import Iterator, Sequence
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from msgspec.msgpack import encode

from recomind.dev.bench.bench import Bench, Worker, fresh_bench
from recomind.dev.bench.cold_start import cold_requests
from recomind.dev.bench.measurements import Limit, Measurement, at_most
from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.model.ids import Partition, UserId, all_partitions
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.table import Table

NAME = "growth"

SIZE_FACTOR = 10

VALUE_TYPES: dict[str, type[Any]] = {"profiles": Profile, "popularity": Popularity, "neighbours": Neighbours}

ROUNDS = 5
"""Rounds in which both data sets take turns; the median of each measurement counts."""

STEADY_RATE = 150.0
"""Actions per second of the steady load: a quarter to a half of a worker's sustained rate."""

PAUSE_S = 2.5
"""Pause after a measurement, in which the worker finishes its timers and training."""

MAX_VALUE_BYTES = 4096.0
"""Size limit of an encoded value, by design."""


class Cost(NamedTuple):
    """Processor time of the worker, microseconds."""

    steady: float
    """Per action at a steady rate, with its list."""
    burst: float
    """Per action of a burst by different users, with its list."""
    recommendation: float
    """Per list that was ranked on request."""


async def run(bench: Bench) -> list[Measurement]:
    """Let the small and the large data set take turns; then recover the tables of the large one."""
    users, videos, history = bench.size(4_000, 500), bench.size(2_000, 500), bench.size(20_000, 3_000)
    with fresh_bench(bench.settings, bench.data, quick=bench.quick, on_progress=bench.on_progress) as small_bench:
        small = DataSet(small_bench, users, videos, history)
        large = DataSet(bench, SIZE_FACTOR * users, SIZE_FACTOR * videos, SIZE_FACTOR * history)
        await small.prepare()
        await large.prepare()
        with small_bench.worker() as small_worker, bench.worker() as large_worker:
            await small.load_history(small_worker)
            await large.load_history(large_worker)
            rounds = [
                (await small.cost(small_worker), await large.cost(large_worker)) for _ in range(round_count(bench))
            ]
    before, after = (Cost(*map(median, zip(*costs, strict=True))) for costs in zip(*rounds, strict=True))
    rate, sizes = await _recovery(bench)
    return [
        Measurement(
            NAME, "processor time per action with its list, steady rate", after.steady, "µs", _times(before.steady)
        ),
        Measurement(NAME, "processor time per action with its list, burst", after.burst, "µs", _times(before.burst)),
        Measurement(
            NAME, "processor time per list on request", after.recommendation, "µs", _times(before.recommendation)
        ),
        Measurement(NAME, "recovery of tables", rate, "keys/s", Limit("stated limit", 20_000.0)),
        *(
            Measurement(NAME, f"size of a value of {name}, mean", size, "bytes", at_most("by design", MAX_VALUE_BYTES))
            for name, size in sizes
        ),
    ]


class DataSet:
    """Users and videos of one size, with their history of actions on a stack."""

    def __init__(self, bench: Bench, users: int, videos: int, history: int) -> None:
        self._bench = bench
        self._audience = Audience(users, videos)
        self._videos = [video.video_id for video in self._audience.videos]
        self._draw = np.random.default_rng(users)
        self._burst = bench.size(400, 200)
        self._steady = bench.size(600, 300)
        # The stated size is reached halfway through the rounds.
        self._history = history - round_count(bench) * (self._burst + self._steady) // 2
        self._fed = 0
        """Actions fed so far; one per second of event time."""

    async def prepare(self) -> None:
        """Create topics and database tables, and fill the catalogue; start the worker after it."""
        await self._bench.prepare(self._audience.videos)

    async def load_history(self, worker: Worker) -> None:
        """Feed the history and wait until it is processed."""
        self._bench.on_progress(f"{len(self._audience.users)} users, {self._history} actions of history")
        await worker.wait_until_ready()
        await self._process(worker, self._actions_of_random_users(self._history))

    async def cost(self, worker: Worker) -> Cost:
        """Measure the costs once."""
        self._bench.on_progress(f"{len(self._audience.users)} users")
        steady = await self._process(worker, self._actions_of_random_users(self._steady), STEADY_RATE)
        burst = await self._process(worker, self._one_action_each(self._burst))
        user_ids = self._some_users(self._bench.size(200, 80))
        cpu = worker.process.cpu_seconds()
        await cold_requests(self._bench, worker, user_ids)
        recommending = worker.process.cpu_seconds() - cpu
        return Cost(1e6 * steady / self._steady, 1e6 * burst / self._burst, 1e6 * recommending / len(user_ids))

    async def _process(self, worker: Worker, actions: Sequence[Action], rate: float | None = None) -> float:
        """Feed actions at `rate` or as fast as possible, then pause; processor seconds until all are in lists."""
        self._fed += len(actions)
        used = await self._bench.process([worker], actions, self._fed, rate)
        await sleep(PAUSE_S)
        return used

    def _actions_of_random_users(self, count: int) -> list[Action]:
        """`count` actions of random users."""
        rows = self._draw.integers(len(self._audience.users), size=count)
        return list(self._random_actions([self._audience.users[row] for row in rows.tolist()]))

    def _one_action_each(self, count: int) -> list[Action]:
        """`count` actions of different users: each needs a list of its own."""
        return list(self._random_actions(self._some_users(count)))

    def _some_users(self, count: int) -> list[UserId]:
        """`count` different users."""
        rows = self._draw.permutation(len(self._audience.users))[:count]
        return [self._audience.users[row] for row in rows.tolist()]

    def _random_actions(self, user_ids: Sequence[UserId]) -> Iterator[Action]:
        videos = self._draw.integers(len(self._videos), size=len(user_ids)).tolist()
        for at, (user_id, video) in enumerate(zip(user_ids, videos, strict=True), self._fed):
            video_id = self._videos[video]
            yield Action(user_id, video_id, self._audience.react(user_id, video_id), 1.7e9 + at)


def round_count(bench: Bench) -> int:
    """Number of rounds."""
    return bench.size(ROUNDS, 1)


async def _recovery(bench: Bench) -> tuple[float, list[tuple[str, float]]]:
    """Keys per second at which tables are restored, and the mean size of a value of each table in bytes."""
    count, elapsed, sizes = 0, 0.0, []
    for name, value_type in VALUE_TYPES.items():
        topic = topics.changelog(bench.settings.app_id, name)
        table = Table(name, value_type, topic=topic, kafka=client_options(bench.settings))
        started = perf_counter()
        table.assign(set(all_partitions(bench.settings.partitions)), retain=False)
        await table.recovered(Partition(0))
        elapsed += perf_counter() - started
        value_sizes = [len(encode(value)) for partition in table.partitions for _, value in table.items(partition)]
        count += len(value_sizes)
        if value_sizes:  # no user of the scenario has seen so much that there are blocks
            sizes.append((name, sum(value_sizes) / len(value_sizes)))
    return count / elapsed, sizes


def _times(before: float) -> Limit:
    return at_most(f"with a {SIZE_FACTOR}th of the data", before, 1.3)
