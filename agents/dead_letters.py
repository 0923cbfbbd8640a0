"""What could not be read goes to `video_actions_dead_letters`, with the reason and the original.

The key is the record's origin and the topic is compacted, so a redelivery adds nothing.
"""

from functools import partial

from agents.reading import Read, read_actions
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
    letters = [_letter(read, read.action) for read in read_actions(batch) if isinstance(read.action, Rejected)]
    if letters:
        await app.send_packed(topics.DEAD_LETTERS, {batch.partition: letters})
        app.counters.dead_letters.inc(len(letters))


def _letter(read: Read, rejected: Rejected) -> Outgoing:
    key = f"{topics.ACTIONS}:{read.origin.lane}:{read.origin.offset}".encode()
    headers = (("reason", rejected.reason.encode()), ("field", (rejected.field or "").encode()))
    return Outgoing(key, rejected.raw, headers)
