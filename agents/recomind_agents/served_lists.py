"""By user: keep the latest served lists, so that an action can be recognised as the outcome of one.

How lists and actions are joined is in `recomind.state.served_lists`; when lists have been read, in
`recomind.runtime.served_list_window`. A user who was served is present (`recomind.runtime.presence`): their lists come
first.
"""

from contextlib import suppress

from recomind.errors import UnavailableError
from recomind.runtime.app import RecoMindApp
from recomind.runtime.served_list_window import promote_present
from recomind.runtime.served_lists import SEND_INTERVAL_S
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.batches import Batch
from recomind.stream.partitioner import partition_of
from recomind.stream.table import Table
from recomind_agents import served_figures


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""

    async def process(batch: Batch) -> None:
        with suppress(UnavailableError):  # the stored counts are adopted later
            await served_figures.adopt(app, batch.partition)
        found = await app.served_window.put(batch.partition, batch.records)
        promote_present(app, found)
        for offset, at, event in found:
            app.served_figures.add_list(batch.partition, offset, at, event, await profile_of(app, event.user_id))

    app.batch_agent(topics.SERVED_LISTS, name="served_lists", linger=False)(process)
    app.timer(SEND_INTERVAL_S, name="served_lists.send")(app.served_lists.send)


async def profile_of(app: RecoMindApp, user_id: str) -> Profile:
    """A user's complete profile, as far as this worker has read the log."""
    profiles: Table[Profile] = app.state_tables["profiles"]
    partition = partition_of(user_id, app.options.partitions)
    found = profiles.get(partition, user_id) if partition in profiles.partitions else None
    if found is None:
        return Profile()
    try:
        return (await app.ranking_cache.completer.complete({user_id: found}))[user_id]
    except UnavailableError:
        return found
