"""What could not be read goes to `video_actions_dead_letters`, with the reason and the original.

The key is the record's origin and the topic is compacted, so a redelivery adds nothing.
"""

from collections import defaultdict
from typing import Any

from agents.reading import Read, read_actions
from recomind import topics
from recomind.app import RecoMindApp
from recomind.events import Rejected
from recomind.transport.sending import Outgoing


def declare(app: RecoMindApp) -> None:
    """Put the agent on the app."""

    async def dead_letters(batches: Any) -> None:
        async for batch in batches:
            letters: defaultdict[int, list[Outgoing]] = defaultdict(list)
            for read in read_actions(batch):
                if isinstance(read.action, Rejected):
                    letters[batch.partition].append(_letter(read, read.action))
                    app.counters.dead_letters.inc()
            await app.send_packed(topics.DEAD_LETTERS, letters)

    app.agent(app.batches(topics.ACTIONS), name="dead letters")(app.or_fail(dead_letters))


def _letter(read: Read, rejected: Rejected) -> Outgoing:
    key = f"{topics.ACTIONS}:{read.origin.lane}:{read.origin.offset}".encode()
    headers = (("reason", rejected.reason.encode()), ("field", (rejected.field or "").encode()))
    return Outgoing(key, rejected.raw, headers)
