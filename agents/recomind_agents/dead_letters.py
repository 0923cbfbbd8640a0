"""Send records that could not be decoded to `video_actions_dead_letters`, with the reason and the original value.

The topic is compacted by the position of the original record, so a redelivery replaces a dead letter by itself.
"""

from datetime import UTC, datetime
from functools import partial

from recomind.model.events import Rejected
from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import DecodedRecord, decode_batch
from recomind.stream.dead_letters import DeadLetter, dead_letter_key, to_producer_record
from recomind.stream.producer import ProducerRecord


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.batch_agent(topics.ACTIONS, name="dead letters")(partial(send, app))


async def send(app: RecoMindApp, batch: Batch) -> None:
    """Send the rejected records of a batch to the dead letters."""
    decoded = decode_batch(batch, app.options.partitions)
    dead_letters = [_dead_letter(one, one.action) for one in decoded if isinstance(one.action, Rejected)]
    if dead_letters:
        await app.send_records(topics.DEAD_LETTERS, {batch.partition: dead_letters})
        app.metrics.dead_letters.inc(len(dead_letters))


def _dead_letter(decoded: DecodedRecord, rejected: Rejected) -> ProducerRecord:
    record = decoded.record
    logged_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    field = rejected.field or ""
    return to_producer_record(
        DeadLetter(dead_letter_key(record), logged_at, rejected.reason, field, record.partition, rejected.raw)
    )
