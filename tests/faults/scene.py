"""A stack, some workers, a load; how long an outage lasted; and the final word of `recomind verify`."""

import asyncio
import urllib.request
from contextlib import asynccontextmanager
from time import monotonic
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recomind.errors import UnavailableError
from recomind.model.events import Action
from recomind.offline.verification.verify import verify
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stream import topics
from recomind.stream.log_replay import encode
from recomind.stream.partitioner import partition_of
from tests.conftest import workers
from tests.faults.load import Load

FIGURES = []
"""(fault, seconds until all was well again, bound) of this run."""

NOTES = []
"""Other figures of this run."""

SETTLE = 60.0
"""Seconds that the workers may take to finish what is left when the load has stopped, and lists to follow."""


class Scene:
    """Workers under load."""

    def __init__(self, stack, start):
        self.stack, self.settings, self._start = stack, stack.settings, start
        self.workers = []
        self.load = None

    async def start(self, count=1):
        """Start so many workers; return when they are ready."""
        new = [self._start() for _ in range(count)]
        self.workers += new
        for worker in new:
            await asyncio.to_thread(worker.wait_ready, 120)
        return new

    async def stop(self, workers):
        """Stop workers as a deployment does; they end in order."""
        codes = await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in workers))
        assert codes == [0] * len(workers)

    async def holds(self, table):
        """How many keys of a table all workers that run hold together, as they tell themselves."""
        running = [worker for worker in self.workers if worker.process.poll() is None]
        return sum([await asyncio.to_thread(metric, worker, "recomind_table_keys", table) for worker in running])

    async def well_again(self, fault, within, since=None):
        """Wait until actions of new people in every partition are archived, and lists stored for them; take the time.

        A worker that ended by itself is started again, as a supervisor would.
        """
        since, deadline = since or monotonic(), monotonic() + 3 * within
        ids = {newcomer(partition): uuid4() for partition in range(4)}
        await self._until(lambda: self._sent(ids), deadline)
        await self._until(lambda: self._arrived(ids), deadline)
        took = monotonic() - since
        FIGURES.append((fault, took, within))
        assert took <= within, f"{fault}: {took:.1f} s, at most {within:.0f} were stated"

    async def exact(self):
        """No difference is found once all is done."""
        since = monotonic()
        report = await verify(self.settings, within=SETTLE)
        assert report.differences == [], f"{dict(report.differing)} differ: {report.differences[:3]}"
        assert report.is_clean
        FIGURES.append(
            (
                f"… the load has stopped: all is settled and verified ({self.load.sent} actions)",
                monotonic() - since,
                SETTLE,
            )
        )

    async def _until(self, probe, deadline):
        while not await probe():
            assert monotonic() < deadline, "it never got well again"
            self._supervise()
            await asyncio.sleep(0.2)

    def _supervise(self):
        for worker in [worker for worker in self.workers if worker.process.poll() not in {None, 0, -9}]:
            assert worker.process.returncode == 1, worker.log.read_text()[-3000:]
            self.workers.remove(worker)
            self.workers.append(self._start())

    async def _sent(self, ids):
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_brokers, request_timeout_ms=3000)
        try:
            await producer.start()
            for user, event_id in ids.items():
                action = Action(user, "v1", "like", 1.7e9, event_id)
                await producer.send_and_wait(topics.ACTIONS, encode(action), user.encode())
        except KafkaError:
            return False
        finally:
            await producer.stop()
        return True

    async def _arrived(self, ids):
        try:
            connection = await asyncpg.connect(self.settings.postgres_dsn, timeout=3)
            count = "SELECT count(*) FROM video_actions WHERE id = ANY($1::uuid[])"
            found = await connection.fetchval(count, list(ids.values()))
            await connection.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        return found == len(ids) and await self._served(ids)

    async def _served(self, ids):
        model = ReadModel(RedisValues(self.settings.redis_url))
        try:
            return len(await model.profiles(list(ids))) == len(await model.lists_of(list(ids))) == len(ids)
        except UnavailableError:
            return False
        finally:
            await model.values.close()


def newcomer(partition):
    """Somebody of a partition whom nobody has seen."""
    return next(user for user in iter(lambda: f"canary-{uuid4()}", None) if partition_of(user, 4) == partition)


def metric(worker, name, label=""):
    """A figure that a worker tells."""
    with urllib.request.urlopen(f"{worker.base}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and label in line.split()[0])


async def flush(settings):
    """Empty Redis."""
    values = RedisValues(settings.redis_url)
    await values._redis.flushall()
    await values.close()


@asynccontextmanager
async def scene(stack, folder, count, *, per_second=200, seed=1):
    """So many workers, ready and under load; verified at the end, when the load has stopped."""
    with workers(stack.settings, folder) as start:
        stage = Scene(stack, start)
        await stage.start(count)
        async with Load(stack.settings, per_second=per_second, seed=seed) as stage.load:
            await asyncio.sleep(2)
            yield stage
        await stage.exact()
