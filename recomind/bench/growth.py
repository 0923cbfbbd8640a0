"""Growth: what an action, a list and a recovery cost when there are ten times the people, videos and history."""

from asyncio import sleep
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from msgspec.msgpack import encode

from recomind import topics
from recomind.bench.bench import GLANCE, Bench, Worker
from recomind.bench.cold import cold_requests
from recomind.bench.figures import Figure, Limit, at_most
from recomind.events import Action
from recomind.simulator import Audience
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.transport.connecting import client_options
from recomind.transport.table import Table

NAME = "growth"

TIMES = 10

KINDS: dict[str, type[Any]] = {"profiles": Profile, "popularity": Popularity, "neighbours": Neighbours}

REST = 3.0
"""Seconds for what the worker does from time to time, and for what it learns, to be through with the history."""

VALUE_MAX = 4096.0
"""Bytes a value may take, as designed."""


class Cost(NamedTuple):
    """Processor time of the worker, microseconds."""

    action: float
    """An action, its list included."""
    recommendation: float
    """A list that was ranked on request."""


async def run(bench: Bench) -> list[Figure]:
    """Measure small, grow, measure again, recover."""
    people, videos, history = bench.size(2_000, 500), bench.size(1_000, 500), bench.size(10_000, 3_000)
    audience = Audience(TIMES * people, TIMES * videos)
    await bench.prepare(audience.videos)
    with bench.worker() as worker:
        await worker.ready()
        small = await _grown(bench, worker, Crowd(audience, people, videos), history, 0)
        large = await _grown(bench, worker, Crowd(audience, TIMES * people, TIMES * videos), TIMES * history, small[1])
    rate, sizes = await _recovery(bench)
    return [
        Figure(NAME, "processor time of an action and its list", large[0].action, "µs", _times(small[0].action)),
        Figure(NAME, "of a list on request", large[0].recommendation, "µs", _times(small[0].recommendation)),
        Figure(NAME, "recovery", rate, "keys/s", Limit("promised", 20_000.0)),
        *(Figure(NAME, f"{name}, a value", size, "bytes", at_most("as designed", VALUE_MAX)) for name, size in sizes),
    ]


class Crowd:
    """The first people of an audience, who act on its first videos."""

    def __init__(self, audience: Audience, people: int, videos: int) -> None:
        self._audience = audience
        self._draw = np.random.default_rng(people)
        self.people = audience.people[:people]
        self._videos = [video.video_id for video in audience.videos[:videos]]

    def acts(self, count: int, start: int) -> Iterator[Action]:
        """So many actions of anybody, one a second from `start` on."""
        people = self._draw.integers(len(self.people), size=count)
        return self._act(people.tolist(), start)

    def each_acts(self, count: int, start: int) -> Iterator[Action]:
        """So many actions of different people: each makes a list of its own necessary."""
        people = self._draw.permutation(len(self.people))[:count]
        return self._act(people.tolist(), start)

    def _act(self, people: Sequence[int], start: int) -> Iterator[Action]:
        videos = self._draw.integers(len(self._videos), size=len(people)).tolist()
        for at, (person, video) in enumerate(zip(people, videos, strict=True), start):
            user_id, video_id = self.people[person], self._videos[video]
            yield Action(user_id, video_id, self._audience.react(user_id, video_id), 1.7e9 + at)


async def _grown(bench: Bench, worker: Worker, crowd: Crowd, history: int, before: int) -> tuple[Cost, int]:
    """What things cost after so much more history, and how many actions there have been by then."""
    bench.say(f"{len(crowd.people)} people, {history} actions of history")
    await _take_in(bench, worker, crowd.acts(history, before), before + history)
    await sleep(REST)
    count = bench.size(1_500, 400)
    total = before + history + count
    used = await _take_in(bench, worker, crowd.each_acts(count, before + history), total)
    await sleep(REST)
    asked = crowd.people[-bench.size(300, 80) :]  # the first ones have the history of a smaller crowd as well
    cpu = worker.program.cpu()
    await cold_requests(bench, worker, asked)
    return Cost(used / count * 1e6, (worker.program.cpu() - cpu) / len(asked) * 1e6), total


async def _take_in(bench: Bench, worker: Worker, actions: Iterator[Action], total: int) -> float:
    """Feed actions, which make `total` in all; processor seconds until all of them are in lists."""
    cpu = worker.program.cpu()
    await bench.feed(actions)
    await bench.drained([worker], total)
    await bench.settled([worker], GLANCE)
    return worker.program.cpu() - cpu


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
