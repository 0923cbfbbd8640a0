"""What could not be read goes to `video_actions_dead_letters`, with the reason and the original.

The key is the record's origin and the topic is compacted, so a redelivery adds nothing.
"""

from functools import partial

from aiokafka import ConsumerRecord

from agents.reading import Read, read_batch
from recomind import topics
from recomind.app import RecoMindApp
from recomind.events import Rejected
from recomind.transport.batches import Batch
from recomind.transport.sending import Outgoing


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
    headers = (("reason", rejected.reason.encode()), ("field", (rejected.field or "").encode()))
    return Outgoing(letter_key(read.record).encode(), rejected.raw, headers)


def letter_key(record: ConsumerRecord) -> str:
    """The key of a dead letter: where the record stands."""
    return f"{record.topic}:{record.partition}:{record.offset}"
