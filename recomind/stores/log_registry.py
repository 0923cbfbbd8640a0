"""What PostgreSQL knows of Kafka: the log of actions that state was made from, and the ids of the topics with state."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

from recomind.model.log_identity import LogIdentity


class KnownTopic(NamedTuple):
    """A topic as it was when a worker last started."""

    topic_id: str
    partitions: int


class LogRegistry:
    """Reads and writes `kafka_logs` and `kafka_topics`."""

    def __init__(self, fetch: Callable[..., Awaitable[list[Any]]], run: Callable[..., Awaitable[Any]]) -> None:
        self._fetch = fetch
        self._run = run

    async def current(self, partitions: int) -> LogIdentity | None:
        """The log that state was made from; None if no worker has started with this database.

        Args:
            partitions: how many partitions topics have now.
        """
        rows = await self._fetch("current_log")
        if not rows:
            return None
        log_id, prefix, _, unproven_until, first_partitions = rows[0]
        scope = prefix if partitions == first_partitions else f"{prefix}/{partitions}"
        return LogIdentity(partitions, log_id, prefix, scope, unproven_until)

    async def record_first(self, log_id: str, partitions: int, unproven_until: float) -> None:
        """Record the first log, if none is recorded yet."""
        await self._run("record_first_log", log_id, partitions, unproven_until)

    async def adopt(self, log_id: str, partitions: int) -> None:
        """Record the log that replaced the one before; delete what was derived from that."""
        await self._run("adopt_log", log_id, partitions)

    async def topics(self, names: Iterable[str]) -> dict[str, KnownTopic]:
        """Those of the named topics that are known."""
        return {row[0]: KnownTopic(row[1], row[2]) for row in await self._fetch("known_topics", list(names))}

    async def record_topics(self, topics: Mapping[str, KnownTopic]) -> None:
        """Record topics as they are now."""
        ids, partitions = [one.topic_id for one in topics.values()], [one.partitions for one in topics.values()]
        await self._run("record_topics", list(topics), ids, partitions)
