"""What could not be read goes to `video_actions_dead_letters`, with the reason and the original.

The key is the record's origin and the topic is compacted, so a redelivery adds nothing.
"""

from datetime import UTC, datetime
from functools import partial

from recomind.model.events import Rejected
from recomind.runtime.app import RecoMindApp
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.codec import Read, read_batch
from recomind.stream.dead_letters import Letter, letter_key, outgoing
from recomind.stream.producer import Outgoing


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""
    app.consume(topics.ACTIONS, "dead letters", partial(send, app))


async def send(app: RecoMindApp, batch: Batch) -> None:
    """Send what could not be read to the dead letters."""
    reads = read_batch(batch, app.options.partitions)
    letters = [_letter(read, read.action) for read in reads if isinstance(read.action, Rejected)]
    if letters:
        await app.send_packed(topics.DEAD_LETTERS, {batch.partition: letters})
        app.counters.dead_letters.inc(len(letters))


def _letter(read: Read, rejected: Rejected) -> Outgoing:
    record = read.record
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return outgoing(
        Letter(letter_key(record), at, rejected.reason, rejected.field or "", record.partition, rejected.raw)
    )
