"""Follows the topic `experiments`, so that this worker starts, changes or stops an experiment within milliseconds.

The topic is where experiments are stored: it is compacted, and a worker that starts reads it from its beginning before
it serves. The last record of an experiment counts; a record without one deletes it. The topic holds the history of
changes, too.
"""

from collections.abc import Callable, Iterable

import msgspec
from aiokafka import ConsumerRecord

from recomind.model.experiments import (
    GUARDRAIL,
    ExperimentRecord,
    after_change,
    decode_experiment_record,
    encode_experiment_record,
)
from recomind.runtime.topic_stream import TopicStream, readable
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.change_history import ChangeHistory
from recomind.stream.producer import Producer


class ExperimentStream(TopicStream):
    """Sends and applies the records of the topic."""

    def __init__(self, settings: Settings, apply: Callable[[ExperimentRecord], object]) -> None:
        """Create a stream that is not connected yet.

        Args:
            settings: the brokers, and how many partitions there are.
            apply: called with each record, in order.
        """
        self.history = ChangeHistory(_readable_experiment)

        def apply_record(record: ConsumerRecord) -> None:
            if self.history.apply(record):
                return
            found = _readable_experiment(record)
            if found is not None:
                apply(_holding(found, self.history.latest) if found.changed_by == GUARDRAIL else found)

        super().__init__(settings, topics.EXPERIMENTS, apply_record)

    async def send(self, producer: Producer, record: ExperimentRecord, changed_by: str) -> None:
        """Send a record, and return when this worker has applied it.

        Args:
            producer: sends it, and says when.
            record: who and when are replaced.
            changed_by: name of the API key, or `GUARDRAIL`.

        Raises:
            UnavailableError: Kafka did not acknowledge it, or it cannot be read.
        """
        dated = msgspec.structs.replace(record, changed_by=changed_by, changed_at=producer.clock.now())
        changes = {record.name.encode(): encode_experiment_record(dated)}
        await self.send_and_apply(producer, self.history.records_of(changes), "experiment")


def _holding(stop: ExperimentRecord, changes: Iterable[ExperimentRecord]) -> ExperimentRecord:
    """What holds of an experiment once a guardrail has written its record, by the history until then.

    Compaction may have removed the record of a deletion that the guardrail did not know of; the history has it.
    """
    known: ExperimentRecord | None = None
    for change in changes:
        if change.name == stop.name:
            known = after_change(known, change)
    return stop if known is None else known


def _readable_experiment(record: ConsumerRecord) -> ExperimentRecord | None:
    """What a record says of an experiment; None, and a line in the log, if it cannot be read."""
    return readable(record, decode_experiment_record, "experiment")
