"""Follows the topic `live_settings`, so that a changed setting is in every worker within milliseconds.

All records are in one partition, so their order is that of the changes. The topic is compacted: a change is written
under the name of the setting, which later changes replace, and before that under a name of its own, which stays as the
history. A worker reads the whole topic when it starts, and then what is added.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from mode.utils.logging import get_logger

from recomind.errors import UnreadableError
from recomind.model.ids import Partition
from recomind.model.live_settings import SettingChange, decode_change, encode_change, setting_value
from recomind.model.text import InvalidFieldError
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.encoding import VERSION_HEADERS, check_record, place_of
from recomind.stream.kafka_errors import translation
from recomind.stream.producer import Producer, ProducerRecord

logger = get_logger(__name__)

PARTITION: Final = Partition(0)
"""The only partition that has records."""

POLL_TIMEOUT_MS: Final = 500
RETRY_DELAY_S: Final = 0.5

MAX_HISTORY: Final = 500
"""Changes that a worker remembers, the latest."""

_SEPARATOR: Final = b"@"
"""Between the name of a setting and the id of a change, in the key of a record of the history."""

Apply = Callable[[Any], object]
"""Applies a value; None stands for the one with which the worker was started."""


class LiveSettings:
    """The settings of this worker, as the topic has them."""

    def __init__(self, settings: Settings) -> None:
        self.current: dict[str, SettingChange] = {}
        """Name of a setting to its latest change; settings that were never changed are not in it."""
        self.history: deque[SettingChange] = deque(maxlen=MAX_HISTORY)
        """Changes, the earliest first."""
        self.position = 0
        """Offset before which every record is applied."""
        self._settings = settings
        self._apply: dict[str, Apply] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._advanced = asyncio.Event()

    def on_change(self, name: str, apply: Apply) -> None:
        """Have a function apply the values of a setting, also the one that it has now."""
        self._apply[name] = apply
        if name in self.current:
            apply(setting_value(name, self.current[name].value))

    async def start(self) -> None:
        """Connect, and read the topic to its end.

        Raises:
            UnavailableError: Kafka does not answer.
            RefusedError: Kafka refuses to be read.
        """
        options: dict[str, Any] = {**client_options(self._settings), "fetch_max_wait_ms": 100}
        consumer = AIOKafkaConsumer(**options, auto_offset_reset="earliest", isolation_level="read_committed")
        tp = TopicPartition(topics.LIVE_SETTINGS, PARTITION)
        with translation():
            await consumer.start()
            self._consumer = consumer
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            end = (await consumer.end_offsets([tp]))[tp]
            while await consumer.position(tp) < end:
                await self._apply_next(consumer)

    async def run(self) -> None:
        """Apply changes as they come, until the task is cancelled."""
        try:
            while self._consumer is not None:
                try:
                    await self._apply_next(self._consumer)
                except KafkaError as error:
                    logger.warning("changes of live settings cannot be read from Kafka: %r", error)
                    await asyncio.sleep(RETRY_DELAY_S)
        finally:
            if self._consumer is not None:
                await self._consumer.stop()

    async def change(self, producer: Producer, values: Mapping[str, msgspec.Raw], changed_by: str) -> None:
        """Change settings together, in all workers; return once this one has applied them, or after a second.

        Raises:
            InvalidFieldError: there is no such setting, or one cannot have its value; then nothing is changed.
            UnavailableError: Kafka did not acknowledge it.
        """
        for name, value in values.items():
            setting_value(name, value)
        at, records = producer.clock.now(), list[ProducerRecord]()
        for name, value in values.items():
            content = encode_change(SettingChange(name=name, value=value, changed_by=changed_by, changed_at=at))
            keys = name.encode() + _SEPARATOR + uuid4().hex.encode(), name.encode()
            records += [ProducerRecord(key, content, VERSION_HEADERS) for key in keys]
        sent = await producer.send(topics.LIVE_SETTINGS, PARTITION, records)
        await self._wait_until(max((one.offset for one in sent), default=-1) + 1)

    def apply(self, records: Sequence[ConsumerRecord]) -> None:
        """Apply the next records of the topic; those that hold no change are skipped."""
        for record in records:
            change = _readable_change(record)
            if change is None:
                continue
            if _SEPARATOR in (record.key or b""):
                self.history.append(change)
                continue
            self.current[change.name] = change
            if change.name in self._apply:
                self._apply[change.name](setting_value(change.name, change.value))
                logger.info("%s is now %s", change.name, bytes(change.value).decode())

    async def _apply_next(self, consumer: AIOKafkaConsumer) -> None:
        for tp, records in (await consumer.getmany(timeout_ms=POLL_TIMEOUT_MS)).items():
            self.apply(records)
            self.position = await consumer.position(tp)
            self._advanced.set()

    async def _wait_until(self, position: int) -> None:
        try:
            async with asyncio.timeout(1.0):
                while self.position < position:
                    self._advanced.clear()
                    await self._advanced.wait()
        except TimeoutError:
            logger.warning("this worker has not applied a change of live settings within a second")


def _readable_change(record: ConsumerRecord) -> SettingChange | None:
    """The change that a record holds; None, and a line in the log, if it holds none that this version knows.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
    """
    try:
        check_record(record)
        change = decode_change(record.value or b"")
        setting_value(change.name, change.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnreadableError, InvalidFieldError) as error:
        logger.warning("%s holds no change of a live setting: %s", place_of(record), error)
        return None
    return change
