"""A fault scenario: a stack, workers under load, the time to recover, and a final `recomind verify`."""

import asyncio
import urllib.request
from contextlib import asynccontextmanager
from time import monotonic
from uuid import uuid4

import aiohttp
import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recomind.errors import UnavailableError
from recomind.model.events import Action
from recomind.offline.verification.verify import verify
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.log_replay import encode_action
from recomind.stream.partitioner import partition_of
from tests.conftest import workers
from tests.faults.load import Load

RECOVERIES = []
"""(fault, seconds to recover, limit) of this run."""

NOTES = []
"""Other measurements of this run."""

CATCH_UP_TIMEOUT_S = 60.0
"""How long the workers may take to process the rest when the load has stopped, and again to update the lists."""


class Scenario:
    """Workers under load."""

    def __init__(self, stack, start):
        self.stack, self.settings, self._start = stack, stack.settings, start
        self.workers = []
        self.load = None

    async def start(self, count=1):
        """Start `count` workers; return when they are ready."""
        new = [self._start() for _ in range(count)]
        self.workers += new
        for worker in new:
            await asyncio.to_thread(worker.wait_ready, 120)
        return new

    async def stop(self, workers):
        """Stop workers as a deployment does; they exit with code 0."""
        codes = await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in workers))
        assert codes == [0] * len(workers)

    async def table_keys(self, table):
        """Number of keys of a table in all running workers together, by their own metrics."""
        running = [worker for worker in self.workers if worker.process.poll() is None]
        return sum([await asyncio.to_thread(metric, worker, "recomind_table_keys", table) for worker in running])

    async def wait_until_recovered(self, fault, within, since=None):
        """Wait until actions of new users in every partition are archived and in their lists; record the time.

        A worker that exited by itself is started again, as a supervisor would do.
        """
        since, deadline = since or monotonic(), monotonic() + 3 * within
        ids, tokens = {new_user(partition): uuid4() for partition in range(4)}, {}
        await self._until(lambda: self._sent(ids, tokens), deadline)
        await self._until(lambda: self._arrived(ids, tokens), deadline)
        seconds = monotonic() - since
        RECOVERIES.append((fault, seconds, within))
        assert seconds <= within, f"{fault}: {seconds:.1f} s, the limit is {within:.0f} s"

    async def assert_verified(self):
        """`verify` finds no difference once the workers have caught up."""
        since = monotonic()
        report = await verify(self.settings, within=CATCH_UP_TIMEOUT_S)
        assert report.differences == [], f"{dict(report.differing)} differ: {report.differences[:3]}"
        assert report.is_clean
        RECOVERIES.append(
            (
                f"… the load has stopped: caught up and verified ({self.load.sent} actions)",
                monotonic() - since,
                CATCH_UP_TIMEOUT_S,
            )
        )

    async def _until(self, probe, deadline):
        while not await probe():
            assert monotonic() < deadline, "it did not recover"
            self._supervise()
            await asyncio.sleep(0.2)

    def _supervise(self):
        for worker in [worker for worker in self.workers if worker.process.poll() not in {None, 0, -9}]:
            assert worker.process.returncode == 1, worker.log.read_text()[-3000:]
            self.workers.remove(worker)
            self.workers.append(self._start())

    async def _sent(self, ids, tokens):
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_brokers, request_timeout_ms=3000)
        try:
            await producer.start()
            for user, event_id in ids.items():
                action = Action(user, "v1", "like", 1.7e9, event_id)
                sent = await producer.send_and_wait(topics.ACTIONS, encode_action(action), user.encode())
                tokens[user] = f"{sent.partition}:{sent.offset}"
        except KafkaError:
            return False
        finally:
            await producer.stop()
        return True

    async def _arrived(self, ids, tokens):
        try:
            connection = await asyncpg.connect(self.settings.postgres_dsn, timeout=3)
            count = "SELECT count(*) FROM video_actions WHERE id = ANY($1::uuid[])"
            found = await connection.fetchval(count, list(ids.values()))
            await connection.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        return found == len(ids) and await self._served(tokens)

    async def _served(self, tokens):
        """Whether profiles are stored, and users who ask get a list that counts their action."""
        model = ReadModel(RedisStore(self.settings.redis_url))
        try:
            return len(await model.profiles(list(tokens))) == len(tokens) and await self._listed(tokens)
        except (UnavailableError, aiohttp.ClientError, TimeoutError):
            return False
        finally:
            await model.store.close()

    async def _listed(self, tokens):
        running = [worker for worker in self.workers if worker.process.poll() is None]
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            for number, (user, token) in enumerate(tokens.items()):
                base_url = running[number % len(running)].base_url
                async with http.get(f"{base_url}/recommendations/{user}", params={"after": token}) as answer:
                    if answer.status != 200 or answer.headers["X-RecoMind-After"] != "counted":
                        return False
        return True


def new_user(partition):
    """A user of a partition without earlier actions."""
    return next(user for user in iter(lambda: f"canary-{uuid4()}", None) if partition_of(user, 4) == partition)


def metric(worker, name, label=""):
    """The value of a worker's metric."""
    with urllib.request.urlopen(f"{worker.base_url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and label in line.split()[0])


async def flush(settings):
    """Delete everything in Redis."""
    values = RedisStore(settings.redis_url)
    await values._redis.flushall()
    await values.close()


@asynccontextmanager
async def running_scenario(stack, folder, count, *, per_second=200, seed=1):
    """`count` ready workers under load; verified at the end, when the load has stopped."""
    with workers(stack.settings, folder) as start:
        scenario = Scenario(stack, start)
        await scenario.start(count)
        async with Load(stack.settings, per_second=per_second, seed=seed) as scenario.load:
            await asyncio.sleep(2)
            yield scenario
        await scenario.assert_verified()
