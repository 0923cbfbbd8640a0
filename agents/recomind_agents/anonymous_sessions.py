"""Drop the state of anonymous sessions that have done nothing for long, by a control record in the log.

The owner of a session's partition writes the record. Profile, lists and rows in PostgreSQL go, as in an erasure. What
videos have counted stays.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final, cast

import msgspec
from mode.utils.logging import get_logger

from recomind.model.events import ExpireSessionRecord, is_session
from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.state.profile import Profile
from recomind.stream import topics
from recomind.stream.producer import ProducerRecord
from recomind.stream.table import Table

logger = get_logger(__name__)

MAX_CHECK_INTERVAL_S: Final = 600.0
"""Longest time between two checks; with a short TTL they are more frequent."""

CHECKS_PER_TTL: Final = 10

MAX_EXPIRED: Final = 1_000
"""Most sessions of a partition that expire at a check: so many are some milliseconds of work."""


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    ttl = app.options.anonymous_ttl

    @app.timer(min(MAX_CHECK_INTERVAL_S, ttl / CHECKS_PER_TTL))
    async def expire_sessions() -> None:
        profiles = cast("Table[Profile]", app.state_tables["profiles"])
        before = app.kafka_producer.clock.now() - ttl
        for partition in list(profiles.partitions):
            idle = list(islice(idle_sessions(profiles, partition, before), MAX_EXPIRED))
            if idle:
                logger.info("partition %d: %d anonymous sessions expire", partition, len(idle))
                await app.send_records(topics.ACTIONS, {partition: [_record(session) for session in idle]})


def idle_sessions(profiles: Table[Profile], partition: Partition, before: float) -> Iterator[str]:
    """The sessions of a partition whose latest action was before a time, epoch seconds."""
    for user_id in profiles.keys(partition):
        if is_session(user_id):
            known = profiles.get(partition, user_id)
            if known is not None and known.action_count and known.last_at < before:
                yield user_id


def _record(session: str) -> ProducerRecord:
    return ProducerRecord(session.encode(), msgspec.json.encode(ExpireSessionRecord(user_id=session)))
