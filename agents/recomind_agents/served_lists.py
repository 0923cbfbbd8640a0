"""By user: keep the latest served lists, so that an action can be recognised as the outcome of one.

How lists and actions are joined is in `recomind.state.served_lists`; when lists have been read, in
`recomind.runtime.served_list_window`.
"""

from recomind.runtime.app import RecoMindApp
from recomind.runtime.served_lists import SEND_INTERVAL_S
from recomind.stream import topics
from recomind.stream.batches import Batch


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""

    async def process(batch: Batch) -> None:
        await app.served_window.put(batch.partition, batch.records)

    app.batch_agent(topics.SERVED_LISTS, name="served_lists", linger=False)(process)
    app.timer(SEND_INTERVAL_S, name="served_lists.send")(app.served_lists.send)
