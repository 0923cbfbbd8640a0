"""Follows the topic `experiments`, so that this worker starts, changes or stops an experiment within milliseconds.

The topic is where experiments are stored: it is compacted, and a worker that starts reads it from its beginning before
it serves. The last record of an experiment counts; a record without one deletes it.
"""

from collections.abc import Callable

from aiokafka import ConsumerRecord

from recomind.model.experiments import ExperimentRecord, decode_experiment_record, encode_experiment_record
from recomind.runtime.topic_stream import TopicStream, readable
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.producer import Producer, ProducerRecord


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
        await self.send_and_apply(producer, [sent], "experiment")
