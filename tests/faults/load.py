"""A realistic producer: steady rate, duplicates, wrong keys, invalid records, and a retry of what Kafka refused."""

import asyncio
from uuid import UUID

import numpy as np
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recomind.model.events import Action
from recomind.stream import topics
from recomind.stream.log_replay import encode_action

USERS, VIDEOS = 60, 120
INVALID_RECORDS = (b"{", b"", b"\xff\xfe", b'{"user_id":"u"}', b'{"user_id":"u","video_id":"v","action_type":"love"}')


class Load:
    """Sends actions until it is stopped, and resends what Kafka refused, as clients do."""

    def __init__(self, settings, *, per_second=200, seed=1):
        self.settings, self.per_second = settings, per_second
        self.sent = 0
        self._rng = np.random.default_rng(seed)
        self._delayed = []
        self._stopping = False

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_):
        self._stopping = True
        await self._task

    async def _run(self):
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_brokers, request_timeout_ms=5_000)
        await producer.start()
        while not self._stopping:
            tick = asyncio.get_running_loop().time() + 0.1
            await self._send(producer, self._records(self.per_second // 10))
            await asyncio.sleep(max(0.0, tick - asyncio.get_running_loop().time()))
        await producer.stop()

    async def _send(self, producer, records):
        for key, value in records:
            while True:
                try:
                    await producer.send(topics.ACTIONS, value, key)
                except KafkaError:
                    await asyncio.sleep(0.2)
                else:
                    break
        try:
            await producer.flush()
        except KafkaError:
            await asyncio.sleep(0.2)

    def _records(self, count):
        """Key and value of `count` actions; every tenth comes twice, out of order; every seventh has a wrong key."""
        rng = self._rng
        for _ in range(count):
            self.sent += 1
            action = Action(
                f"u{rng.integers(USERS)}",
                f"v{int(VIDEOS * rng.random() ** 2)}",
                ("like", "view", "skip")[rng.integers(3)],
                1.7e9 + self.sent - 30 * rng.random(),
                UUID(bytes=rng.bytes(16), version=4) if self.sent % 2 else None,
            )
            value, key = encode_action(action), action.user_id.encode()
            if self.sent % 7 == 0:
                key = (None, b"wrong")[self.sent % 2]
            yield key, value
            if self.sent % 10 == 1:
                self._delayed.append((action.user_id.encode() if self.sent % 20 == 1 else None, value))
            if len(self._delayed) > 5:
                yield self._delayed.pop(int(rng.integers(5)))
            if self.sent % 500 == 0:
                yield action.user_id.encode(), INVALID_RECORDS[self.sent // 500 % len(INVALID_RECORDS)]
