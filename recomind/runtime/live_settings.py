"""Follows the topic `live_settings`, so that a changed setting is in every worker within milliseconds.

All records are in one partition, so their order is that of the changes. The topic is compacted: a change is written
under the name of the setting, which later changes replace, and before that under a name of its own, as the history. A
worker reads the whole topic when it starts, and then what is added.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import ConsumerRecord
from mode.utils.logging import get_logger

from recomind.model.live_settings import SettingChange, decode_change, encode_change, setting_value
from recomind.runtime.topic_stream import ONLY_PARTITION, TopicStream, readable
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.change_history import ChangeHistory
from recomind.stream.producer import Producer

logger = get_logger(__name__)

APPLY_TIMEOUT_S: Final = 1.0
"""Time for which a change waits until this worker has applied it."""

Apply = Callable[[Any], object]
"""Applies a value; None stands for the one with which the worker was started."""


class LiveSettings(TopicStream):
    """The settings of this worker, as the topic has them."""

    def __init__(self, settings: Settings) -> None:
        self.current: dict[str, SettingChange] = {}
        """Name of a setting to its latest change; settings that were never changed are not in it."""
        self.history = ChangeHistory(_readable_change)
        super().__init__(settings, topics.LIVE_SETTINGS, self.apply)
        self._apply_value: dict[str, Apply] = {}

    def on_change(self, name: str, apply: Apply) -> None:
        """Have a function apply the values of a setting, also the one that it has now."""
        self._apply_value[name] = apply
        if name in self.current:
            apply(setting_value(name, self.current[name].value))

    async def change(self, producer: Producer, values: Mapping[str, msgspec.Raw], changed_by: str) -> None:
        """Change settings together, in all workers; return once this one has applied them, or after a second.

        Raises:
            InvalidFieldError: there is no such setting, or one cannot have its value; then nothing is changed.
            UnavailableError: Kafka did not acknowledge it.
        """
        for name, value in values.items():
            setting_value(name, value)
        at = producer.clock.now()
        changes = {
            name.encode(): encode_change(SettingChange(name=name, value=value, changed_by=changed_by, changed_at=at))
            for name, value in values.items()
        }
        sent = await producer.send(topics.LIVE_SETTINGS, ONLY_PARTITION, self.history.records_of(changes))
        last = max((one.offset for one in sent), default=-1)
        if not await self.wait_until_applied(ONLY_PARTITION, last, APPLY_TIMEOUT_S):
            logger.warning("this worker has not applied a change of live settings within a second")

    def apply(self, record: ConsumerRecord) -> None:
        """Apply the next record of the topic; one that holds no change is skipped."""
        if self.history.apply(record):
            return
        change = _readable_change(record)
        if change is None:
            return
        self.current[change.name] = change
        if change.name in self._apply_value:
            self._apply_value[change.name](setting_value(change.name, change.value))
            logger.info("%s is now %s", change.name, bytes(change.value).decode())


def _readable_change(record: ConsumerRecord) -> SettingChange | None:
    """The change that a record holds; None, and a line in the log, if it holds none."""
    return readable(record, _decode_valid, "change of a live setting")


def _decode_valid(value: bytes) -> SettingChange:
    """Decode a change.

    Raises:
        InvalidFieldError: this version knows no such setting, or no such value of it.
    """
    change = decode_change(value)
    setting_value(change.name, change.value)
    return change
