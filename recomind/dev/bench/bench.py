"""What every scenario works with: a fresh stack, workers on it, the log, and how far the workers have come."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from recomind.dev.bench.processes import Program, running
from recomind.dev.simulator import Audience
from recomind.dev.stack.server import free_port
from recomind.dev.stack.stack import Stack
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.offline.datasets import read_actions, read_videos
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stream import topics
from recomind.stream.log_replay import feed

LOOK = 0.03
"""Seconds between looks at how far a worker has come."""

GLANCE = 0.2
"""The same where the worker's processor time is measured: each look takes it a millisecond."""


@dataclass(frozen=True)
class Worker:
    """A worker process and where it serves."""

    program: Program
    base: str

    async def gauge(self, name: str) -> float:
        """A figure of `/metrics`, summed over its labels."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.base}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    async def ready(self) -> None:
        """Return once it has its partitions and state."""
        async with aiohttp.ClientSession() as http:
            while not await self._is_ready(http):
                self.program.check()
                await asyncio.sleep(LOOK)

    async def _is_ready(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.base}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@dataclass(frozen=True)
class Bench:
    """A fresh stack, and what is put into it."""

    settings: Settings
    folder: Path
    """Where logs of programs go."""
    data: Path | None
    """A log to take actions from; None for the simulated audience."""
    quick: bool
    say: Callable[[str], None]

    def size(self, usual: int, quick: int) -> int:
        """A number that is smaller in the quick form."""
        return quick if self.quick else usual

    def log(self, count: int, people: int = 2000) -> list[Action]:
        """The first actions of the log; the simulated audience is of so many people."""
        return list(read_actions(self.data, count)) if self.data else list(play(Audience(people, 1000), count))

    def videos(self) -> list[Video]:
        """The log's catalogue."""
        return list(read_videos(self.data)) if self.data else Audience(2000, 1000).videos

    @contextmanager
    def worker(self, *command: str) -> Iterator[Worker]:
        """A worker for as long as the block runs; `command` runs it in another way than the usual."""
        settings = replace(self.settings, web_port=free_port())
        log = self.folder / f"worker-{settings.web_port}.log"
        with running([*(command or ("recomind", "worker"))], log, settings.environ()) as program:
            yield Worker(program, f"http://127.0.0.1:{settings.web_port}")

    async def prepare(self, videos: Sequence[Video]) -> None:
        """Create topics and tables, and fill the catalogue."""
        await topics.provision(self.settings)
        archive = Archive(self.settings.postgres_dsn)
        await archive.open()
        try:
            await archive.put_videos(videos)
        finally:
            await archive.close()

    async def feed(self, actions: Sequence[Action], rate: float | None = None) -> int:
        """Write actions to Kafka, so many a second or, given None, as fast as it goes."""
        if rate is None:
            return await feed(self.settings, actions)
        return await feed(self.settings, steady(actions, rate), speed=1.0)

    async def drained(self, workers: Sequence[Worker], total: int) -> float:
        """Wait until `total` actions and their signals are committed; when that was, seconds."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka_brokers)
        await admin.start()
        try:
            while await self._committed(admin, topics.ACTIONS) < total or not await self._signals_done(admin):
                for one in workers:
                    one.program.check()
                await asyncio.sleep(LOOK)
        finally:
            await admin.close()
        return perf_counter()

    async def settled(self, workers: Sequence[Worker], every: float = LOOK) -> float:
        """Wait until nobody waits for a list; when that was, seconds. Looks at each worker until it is through."""
        for one in workers:
            while await one.gauge("recomind_people_waiting"):
                await asyncio.sleep(every)
        return perf_counter()

    async def taken_in(
        self, workers: Sequence[Worker], actions: Sequence[Action], total: int, rate: float | None = None
    ) -> float:
        """Feed actions, which make `total` in all; processor seconds of the workers until all of them are in lists."""
        before = sum(one.program.cpu() for one in workers)
        await self.feed(actions, rate)
        await self.drained(workers, total)
        await self.settled(workers, GLANCE)
        return sum(one.program.cpu() for one in workers) - before

    async def _signals_done(self, admin: AIOKafkaAdminClient) -> bool:
        return await self._committed(admin, topics.SIGNALS) >= sum((await self.ends(topics.SIGNALS)).values())

    async def _committed(self, admin: AIOKafkaAdminClient, topic: str) -> int:
        found: dict[Any, Any] = await admin.list_consumer_group_offsets(self.settings.app_id)
        return sum(max(0, held.offset) for tp, held in found.items() if tp.topic == topic)

    async def ends(self, topic: str) -> dict[int, int]:
        """Partition to the offset after its last record."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka_brokers)
        await consumer.start()
        try:
            tps = [TopicPartition(topic, partition) for partition in range(self.settings.partitions)]
            found = await consumer.end_offsets(tps)
        finally:
            await consumer.stop()
        return {tp.partition: end for tp, end in found.items()}


@contextmanager
def fresh(settings: Settings, data: Path | None, *, quick: bool, say: Callable[[str], None]) -> Iterator[Bench]:
    """A bench on servers of its own, empty."""
    with TemporaryDirectory(prefix="recomind-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user than root
        wanted = replace(settings, data_dir=folder, kafka_brokers="", postgres_dsn="", redis_url="")
        with Stack(wanted, on_progress=say) as stack:
            yield Bench(stack.settings, Path(folder), data, quick, say)


def steady(actions: Sequence[Action], rate: float) -> Iterator[Action]:
    """The actions, one after the other at a steady pace from the first one's time on."""
    for number, action in enumerate(actions):
        yield msgspec.structs.replace(action, timestamp=actions[0].timestamp + number / rate)


def play(audience: Audience, count: int, start: float = 1.7e9) -> Iterator[Action]:
    """Actions of a simulated audience, one a second."""
    for at in range(count):
        person, video = audience.pick_person(), audience.pick_video()
        yield Action(person, video, audience.react(person, video), start + at)
