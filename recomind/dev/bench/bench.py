"""Shared by all scenarios: a fresh stack, worker processes on it, the log, and waiting for the workers' progress."""

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

from recomind.dev.bench.processes import ChildProcess, running
from recomind.dev.simulator import Audience
from recomind.dev.stack.child_process import free_port
from recomind.dev.stack.stack import Stack
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.ids import Partition, all_partitions
from recomind.offline.datasets import read_actions, read_videos
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stream import topics
from recomind.stream.log_replay import replay_log

POLL_INTERVAL_S = 0.03

CPU_POLL_INTERVAL_S = 0.2
"""Used where the worker's processor time is measured: each request costs it a millisecond."""


@dataclass(frozen=True)
class Worker:
    """A worker process and its address."""

    process: ChildProcess
    base_url: str

    async def read_metric(self, name: str) -> float:
        """The value of a metric of `/metrics`, summed over its labels."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.base_url}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    async def wait_until_ready(self) -> None:
        """Return when the worker is ready: it has its partitions and their state."""
        async with aiohttp.ClientSession() as http:
            while not await self._is_ready(http):
                self.process.check()
                await asyncio.sleep(POLL_INTERVAL_S)

    async def _is_ready(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.base_url}/readyz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


@dataclass(frozen=True)
class Bench:
    """A fresh stack, and the data for it."""

    settings: Settings
    folder: Path
    """Folder for the log files of child processes."""
    data: Path | None
    """Folder of the log to take actions from; None for simulated users."""
    quick: bool
    on_progress: Callable[[str], None]

    def size(self, full: int, quick: int) -> int:
        """`quick` in a quick run, else `full`."""
        return quick if self.quick else full

    def actions(self, count: int, users: int = 2000) -> list[Action]:
        """The first `count` actions of the log, or those of so many simulated users."""
        if self.data:
            return list(read_actions(self.data, count))
        return list(simulated_actions(Audience(users, 1000), count))

    def videos(self) -> list[Video]:
        """The catalogue of the log."""
        return list(read_videos(self.data)) if self.data else Audience(2000, 1000).videos

    @contextmanager
    def worker(self, *command: str) -> Iterator[Worker]:
        """A worker for the duration of the block; `command` replaces the usual arguments of `python -m`."""
        settings = replace(self.settings, web_port=free_port())
        log = self.folder / f"worker-{settings.web_port}.log"
        with running([*(command or ("recomind", "worker"))], log, settings.environ()) as process:
            yield Worker(process, f"http://127.0.0.1:{settings.web_port}")

    async def prepare(self, videos: Sequence[Video]) -> None:
        """Create topics and database tables, and fill the catalogue."""
        await topics.provision(self.settings)
        archive = Archive(self.settings.postgres_dsn, self.settings.postgres_pooling)
        await archive.open()
        try:
            await archive.put_videos(videos)
        finally:
            await archive.close()

    async def feed(self, actions: Sequence[Action], rate: float | None = None) -> int:
        """Write actions to Kafka at `rate` actions per second, or as fast as possible; returns their number."""
        if rate is None:
            return await replay_log(self.settings, actions)
        return await replay_log(self.settings, at_steady_rate(actions, rate), speed=1.0)

    async def wait_until_committed(self, workers: Sequence[Worker], total: int) -> float:
        """Wait until `total` actions and their signals are committed; returns the time on `perf_counter`."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka_brokers)
        await admin.start()
        try:
            while await self._committed(admin, topics.ACTIONS) < total or not await self._signals_done(admin):
                for one in workers:
                    one.process.check()
                await asyncio.sleep(POLL_INTERVAL_S)
        finally:
            await admin.close()
        return perf_counter()

    async def wait_until_ranked(self, workers: Sequence[Worker], poll_interval_s: float = POLL_INTERVAL_S) -> float:
        """Wait until no worker has a pending refresh; returns the time on `perf_counter`."""
        for one in workers:
            while await one.read_metric("recomind_pending_refreshes"):
                await asyncio.sleep(poll_interval_s)
        return perf_counter()

    async def process(
        self, workers: Sequence[Worker], actions: Sequence[Action], total: int, rate: float | None = None
    ) -> float:
        """Feed actions and wait until all of them are in lists; returns the processor seconds of the workers.

        Args:
            workers: all workers of the group.
            actions: what to feed.
            total: number of actions fed to the stack so far, these included.
            rate: actions per second; None for as fast as possible.
        """
        before = sum(one.process.cpu_seconds() for one in workers)
        await self.feed(actions, rate)
        await self.wait_until_committed(workers, total)
        await self.wait_until_ranked(workers, CPU_POLL_INTERVAL_S)
        return sum(one.process.cpu_seconds() for one in workers) - before

    async def _signals_done(self, admin: AIOKafkaAdminClient) -> bool:
        return await self._committed(admin, topics.SIGNALS) >= sum((await self.end_offsets(topics.SIGNALS)).values())

    async def _committed(self, admin: AIOKafkaAdminClient, topic: str) -> int:
        found: dict[Any, Any] = await admin.list_consumer_group_offsets(self.settings.app_id)
        return sum(max(0, held.offset) for tp, held in found.items() if tp.topic == topic)

    async def end_offsets(self, topic: str) -> dict[Partition, int]:
        """Partition to the offset after its last record."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka_brokers)
        await consumer.start()
        try:
            tps = [TopicPartition(topic, partition) for partition in all_partitions(self.settings.partitions)]
            found = await consumer.end_offsets(tps)
        finally:
            await consumer.stop()
        return {Partition(tp.partition): end for tp, end in found.items()}


@contextmanager
def fresh_bench(
    settings: Settings, data: Path | None, *, quick: bool, on_progress: Callable[[str], None]
) -> Iterator[Bench]:
    """A bench on new, empty servers."""
    with TemporaryDirectory(prefix="recomind-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another system user than root
        fresh = replace(settings, data_dir=folder, kafka_brokers="", postgres_dsn="", redis_url="")
        with Stack(fresh, on_progress=on_progress) as stack:
            yield Bench(stack.settings, Path(folder), data, quick, on_progress)


def at_steady_rate(actions: Sequence[Action], rate: float) -> Iterator[Action]:
    """The actions with new timestamps: `rate` per second from the first one's time on."""
    for number, action in enumerate(actions):
        yield msgspec.structs.replace(action, timestamp=actions[0].timestamp + number / rate)


def simulated_actions(audience: Audience, count: int, start: float = 1.7e9) -> Iterator[Action]:
    """Actions of simulated users, one per second of event time from `start`, epoch seconds."""
    for at in range(count):
        user_id, video_id = audience.pick_user(), audience.pick_video()
        yield Action(user_id, video_id, audience.react(user_id, video_id), start + at)
