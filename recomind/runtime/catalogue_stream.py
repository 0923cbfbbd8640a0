"""Follows the topic `video_catalogue`, so that this worker applies a change of the catalogue within milliseconds.

A worker that starts goes to the end of the topic and then reads the catalogue from PostgreSQL, where each change is
stored before it is sent.
"""

from collections.abc import Callable

from aiokafka import ConsumerRecord
from mode.utils.logging import get_logger

from recomind.model.catalogue_changes import CatalogueChange, decode_change
from recomind.runtime.topic_stream import TopicStream, readable
from recomind.settings import Settings
from recomind.stream import topics

logger = get_logger(__name__)


class CatalogueStream(TopicStream):
    """Applies the changes of the topic."""

    def __init__(self, settings: Settings, apply: Callable[[CatalogueChange], object]) -> None:
        """Create a stream that is not connected yet.

        Args:
            settings: the brokers, and how many partitions there are.
            apply: called with each change, in the order of its partition.
        """

        def apply_record(record: ConsumerRecord) -> None:
            change = readable(record, decode_change, "change of the catalogue")
            if change is not None:
                apply(change)

        super().__init__(settings, topics.CATALOGUE, apply_record)
