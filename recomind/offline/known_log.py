"""The log of actions as the workers know it, for commands that read it beside them."""

from math import inf

from recomind.model.log_identity import LogIdentity
from recomind.stores.archive import Archive


async def known_log(archive: Archive, partitions: int) -> LogIdentity:
    """The log that state was made from; before a worker of this version has started, every rerouted record counts.

    Args:
        archive: an open archive.
        partitions: how many partitions topics have.
    """
    return await archive.logs.current(partitions) or LogIdentity(partitions, unproven_until=inf)
