"""By user: keep the latest served lists, so that an action can be recognised as the outcome of one.

After a rebalance the lists of the last `WINDOW_S` are read again from the log, so that outcomes of lists that another
worker had read are still recognised.
"""

from collections.abc import Sequence
from time import time

from aiokafka import ConsumerRecord
from mode.utils.logging import get_logger

from recomind.errors import UnavailableError
from recomind.model.served_lists import decode_served_list
from recomind.runtime.app import RecoMindApp
from recomind.runtime.served_lists import SEND_INTERVAL_S, WINDOW_S
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end

logger = get_logger(__name__)

RESTORE_INTERVAL_S = 0.5
"""Time between two checks for partitions whose window has not been read yet."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    restored: dict[int, int] = {}
    """Partition to the generation in which its window was read."""

    async def process(batch: Batch) -> None:
        add_records(app, batch.partition, batch.records)

    async def restore() -> None:
        generation = app.consumer_generation_id
        missing = [one for one in app.assignment.partitions if restored.get(one) != generation]
        for partition in missing:
            restored[partition] = generation
            try:
                await restore_window(app, partition)
            except UnavailableError:
                restored.pop(partition)
                raise

    app.batch_agent(topics.SERVED_LISTS, name="served_lists")(process)
    app.timer(SEND_INTERVAL_S, name="served_lists.send")(app.served_lists.send)
    app.timer(RESTORE_INTERVAL_S, name="served_lists.restore")(restore)


async def restore_window(app: RecoMindApp, partition: int) -> None:
    """Read the latest served lists of a partition."""
    kafka, since = client_options(app.options), time() - WINDOW_S
    async for _, records in read_to_end(kafka, topics.SERVED_LISTS, [partition], since=since):
        add_records(app, partition, records)


def add_records(app: RecoMindApp, partition: int, records: Sequence[ConsumerRecord]) -> None:
    """Add records to the window; what is no served list is left out with a warning."""
    for record in records:
        try:
            event = decode_served_list(record.value or b"")
        except ValueError as error:
            logger.warning("served_lists %d:%d is no served list: %s", partition, record.offset, error)
            continue
        app.served_window.add(partition, record.timestamp / 1000, event)
