"""What Kafka knows of the workers' consumer group."""

import asyncio
from time import monotonic
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

COORDINATOR_TIMEOUT_S: Final = 60.0
"""How long Kafka may take to name the coordinator of the group: it creates a topic for that first."""

POLL_INTERVAL_S: Final = 0.5


async def group_has_committed(admin: AIOKafkaAdminClient, group: str) -> bool:
    """Whether a consumer group has read anything. Kafka needs some seconds to say so for the first time.

    Raises:
        KafkaError: Kafka does not say it.
    """
    deadline = monotonic() + COORDINATOR_TIMEOUT_S
    while True:
        try:
            found = await admin.list_consumer_group_offsets(group)
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError):
            if monotonic() > deadline:
                raise
            await asyncio.sleep(POLL_INTERVAL_S)
        else:
            return any(one.offset > 0 for one in found.values())
