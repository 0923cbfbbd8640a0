"""Growth: what an action, a list and a recovery cost when there are ten times the people, videos and history.

Both worlds are there at once, each on a stack of its own, and take turns: a machine that is slower for a minute slows
both.
"""

from asyncio import sleep
from collections.abc import Iterator, Sequence
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from msgspec.msgpack import encode

from recomind.dev.bench.bench import Bench, Worker, fresh
from recomind.dev.bench.cold_start import cold_requests
from recomind.dev.bench.measurements import Figure, Limit, at_most
from recomind.dev.simulator import Audience
from recomind.model.events import Action
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.table import Table

NAME = "growth"

TIMES = 10

KINDS: dict[str, type[Any]] = {"profiles": Profile, "popularity": Popularity, "neighbours": Neighbours}

ROUNDS = 5
"""Rounds in which the two worlds take turns; of each figure the median counts."""

FLOW = 150.0
"""Actions a second of the steady flow: a quarter to a half of what a worker keeps up with."""

REST = 2.5
"""Seconds for what the worker does from time to time, and for what it learns, to be through with what came before."""

VALUE_MAX = 4096.0
"""Bytes a value may take, as designed."""


class Cost(NamedTuple):
    """Processor time of the worker, microseconds."""

    flowing: float
    """An action of a steady flow, its list included."""
    burst: float
    """An action of a burst by different people, its list included."""
    recommendation: float
    """A list that was ranked on request."""


async def run(bench: Bench) -> list[Figure]:
    """Let a world and one of ten times its size take turns; recover the larger one."""
    people, videos, history = bench.size(4_000, 500), bench.size(2_000, 500), bench.size(20_000, 3_000)
    with fresh(bench.settings, bench.data, quick=bench.quick, say=bench.say) as beside:
        small = World(beside, people, videos, history)
        large = World(bench, TIMES * people, TIMES * videos, TIMES * history)
        await small.prepare()
        await large.prepare()
        with beside.worker() as one, bench.worker() as other:
            await small.begin(one)
            await large.begin(other)
            rounds = [(await small.cost(one), await large.cost(other)) for _ in range(rounds_of(bench))]
    before, after = (Cost(*map(median, zip(*costs, strict=True))) for costs in zip(*rounds, strict=True))
    rate, sizes = await _recovery(bench)
    return [
        Figure(NAME, "processor time of an action and its list", after.flowing, "µs", _times(before.flowing)),
        Figure(NAME, "of an action and its list, in a burst", after.burst, "µs", _times(before.burst)),
        Figure(NAME, "of a list on request", after.recommendation, "µs", _times(before.recommendation)),
        Figure(NAME, "recovery", rate, "keys/s", Limit("promised", 20_000.0)),
        *(Figure(NAME, f"{name}, a value", size, "bytes", at_most("as designed", VALUE_MAX)) for name, size in sizes),
    ]


class World:
    """People who act on videos, and a worker that takes it in."""

    def __init__(self, bench: Bench, people: int, videos: int, history: int) -> None:
        self._bench = bench
        self._audience = Audience(people, videos)
        self._videos = [video.video_id for video in self._audience.videos]
        self._draw = np.random.default_rng(people)
        self._burst = bench.size(400, 200)
        self._flow = bench.size(600, 300)
        self._history = history - rounds_of(bench) * (self._burst + self._flow) // 2  # it is its size amid the rounds
        self._taken = 0
        """Actions so far; one a second of event time."""

    async def prepare(self) -> None:
        """Create topics and tables, and fill the catalogue; the worker starts after that."""
        await self._bench.prepare(self._audience.videos)

    async def begin(self, worker: Worker) -> None:
        """Take the history in."""
        self._bench.say(f"{len(self._audience.people)} people, {self._history} actions of history")
        await worker.ready()
        await self._take_in(worker, self._acts(self._history))

    async def cost(self, worker: Worker) -> Cost:
        """What things cost now."""
        self._bench.say(f"{len(self._audience.people)} people")
        flowing = await self._take_in(worker, self._acts(self._flow), FLOW)
        burst = await self._take_in(worker, self._each_acts(self._burst))
        people = self._some(self._bench.size(200, 80))
        cpu = worker.program.cpu()
        await cold_requests(self._bench, worker, people)
        listed = worker.program.cpu() - cpu
        return Cost(1e6 * flowing / self._flow, 1e6 * burst / self._burst, 1e6 * listed / len(people))

    async def _take_in(self, worker: Worker, actions: Sequence[Action], rate: float | None = None) -> float:
        """Feed actions, at a steady rate or at once, and rest; processor seconds until all of them are in lists."""
        self._taken += len(actions)
        used = await self._bench.taken_in([worker], actions, self._taken, rate)
        await sleep(REST)
        return used

    def _acts(self, count: int) -> list[Action]:
        """So many actions of anybody."""
        people = self._draw.integers(len(self._audience.people), size=count)
        return list(self._act([self._audience.people[one] for one in people.tolist()]))

    def _each_acts(self, count: int) -> list[Action]:
        """So many actions of different people: each makes a list of its own necessary."""
        return list(self._act(self._some(count)))

    def _some(self, count: int) -> list[str]:
        """So many different people."""
        people = self._draw.permutation(len(self._audience.people))[:count]
        return [self._audience.people[one] for one in people.tolist()]

    def _act(self, people: Sequence[str]) -> Iterator[Action]:
        videos = self._draw.integers(len(self._videos), size=len(people)).tolist()
        for at, (user_id, video) in enumerate(zip(people, videos, strict=True), self._taken):
            video_id = self._videos[video]
            yield Action(user_id, video_id, self._audience.react(user_id, video_id), 1.7e9 + at)


def rounds_of(bench: Bench) -> int:
    """How many rounds there are."""
    return bench.size(ROUNDS, 1)


async def _recovery(bench: Bench) -> tuple[float, list[tuple[str, float]]]:
    """Keys a second that tables are read back at, and the mean bytes of a value of each."""
    count, took, sizes = 0, 0.0, []
    for name, kind in KINDS.items():
        topic = topics.changelog(bench.settings.app_id, name)
        table = Table(name, kind, topic=topic, kafka=client_options(bench.settings))
        started = perf_counter()
        table.assign(set(range(bench.settings.partitions)), keep=False)
        await table.recovered(0)
        took += perf_counter() - started
        held = [len(encode(value)) for partition in table.partitions for _, value in table.items(partition)]
        count += len(held)
        sizes.append((name, sum(held) / len(held)))
    return count / took, sizes


def _times(before: float) -> Limit:
    return at_most(f"with a {TIMES}th of all", before, 1.3)
