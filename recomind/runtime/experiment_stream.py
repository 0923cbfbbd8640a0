"""Follows the topic `experiments`, so that this worker starts, changes or stops an experiment within milliseconds.

The topic is where experiments are stored: it is compacted, and a worker that starts reads it from its beginning before
it serves. The last record of an experiment counts; a record without one deletes it.
"""

from collections.abc import Callable
from typing import Final

from aiokafka import ConsumerRecord

from recomind.errors import UnavailableError
from recomind.model.experiments import ExperimentRecord, decode_experiment_record, encode_experiment_record
from recomind.model.ids import Partition
from recomind.runtime.topic_stream import TopicStream, readable
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.producer import Producer, ProducerRecord

PARTITION: Final = Partition(0)
"""Where all experiments are, so that they stay in order also when partitions are added."""

APPLY_TIMEOUT_S: Final = 5.0
"""Time within which a worker reads back what it has sent."""


class ExperimentStream(TopicStream):
    """Sends and applies the records of the topic."""

    def __init__(self, settings: Settings, apply: Callable[[ExperimentRecord], object]) -> None:
        """Create a stream that is not connected yet.

        Args:
            settings: the brokers, and how many partitions there are.
            apply: called with each record, in order.
        """

        def apply_record(record: ConsumerRecord) -> None:
            found = readable(record, decode_experiment_record, "experiment")
            if found is not None:
                apply(found)

        super().__init__(settings, topics.EXPERIMENTS, apply_record)

    async def send(self, producer: Producer, record: ExperimentRecord) -> None:
        """Send a record, and return when this worker has applied it.

        Raises:
            UnavailableError: Kafka did not acknowledge it, or it cannot be read.
        """
        sent = ProducerRecord(record.name.encode(), encode_experiment_record(record), VERSION_HEADERS)
        [acknowledged] = await producer.send(topics.EXPERIMENTS, PARTITION, [sent])
        if not await self.wait_until_applied(PARTITION, acknowledged.offset, APPLY_TIMEOUT_S):
            late = TimeoutError(f"the experiment did not come back within {APPLY_TIMEOUT_S:.0f} s")
            raise UnavailableError("Kafka", late)
