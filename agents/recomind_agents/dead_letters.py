"""Send records that could not be decoded to `video_actions_dead_letters`, with the reason and the original value.

The topic is compacted by the position of the original record, so a redelivery replaces a dead letter by itself.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from recomind.errors import TooLargeError
from recomind.model.events import Rejected
from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import DecodedRecord, decode_batch
from recomind.stream.dead_letters import (
    MAX_ORIGINAL_BYTES,
    DeadLetter,
    dead_letter_key,
    moment,
    to_producer_record,
)

ORIGINAL_LIMITS: Final = (MAX_ORIGINAL_BYTES, 1024, 0)
"""How many bytes of a record a dead letter holds: the next limit where the topic refuses what the last one gives."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.batch_agent(topics.ACTIONS, name="dead letters")(partial(send, app))


async def send(app: RecoMindApp, batch: Batch) -> None:
    """Send the rejected records of a batch to the dead letters."""
    decoded = decode_batch(batch, app.actions_log)
    dead_letters = [_dead_letter(one, one.action) for one in decoded if isinstance(one.action, Rejected)]
    if dead_letters:
        await _send(app, batch.partition, dead_letters)
        app.metrics.dead_letters.inc(len(dead_letters))


async def _send(app: RecoMindApp, partition: Partition, dead_letters: Sequence[DeadLetter]) -> None:
    """Send dead letters, cut as far as the topic's limit demands."""
    for limit in ORIGINAL_LIMITS:
        records = [to_producer_record(one.cut(limit)) for one in dead_letters]
        try:
            await app.send_records(topics.DEAD_LETTERS, {partition: records})
        except TooLargeError:
            if limit == ORIGINAL_LIMITS[-1]:
                raise
        else:
            return


def _dead_letter(decoded: DecodedRecord, rejected: Rejected) -> DeadLetter:
    record, field = decoded.record, rejected.field or ""
    key, logged_at = dead_letter_key(record), moment(record.timestamp)
    return DeadLetter(key, logged_at, rejected.reason, field, record.partition, rejected.raw)
