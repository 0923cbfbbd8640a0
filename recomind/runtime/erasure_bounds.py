"""Which records stand behind an erasure in the log although it includes them.

A worker that is killed reroutes some records once more. The copy stands at the end of the log, and its user may have
been erased since the first one. The table `forgetting` holds what the user's profile had applied when they were erased:
a copy whose source offset is not beyond that had been counted before.
"""

import asyncio
from time import monotonic
from typing import Any, Final, cast

from recomind.errors import UnavailableError
from recomind.model.applied_offsets import is_new
from recomind.model.ids import Partition
from recomind.model.signals import SourceOffset
from recomind.state.forgetting import Erasure, erasure_key
from recomind.stream.table import Table

POLL_INTERVAL_S: Final = 0.05

MAX_WAIT_S: Final = 30.0
"""Longest time for which the table may lack an erasure that PostgreSQL has noted, in a worker that reads both logs."""


async def was_counted_before(
    app: Any, partition: Partition, source_offset: SourceOffset, user_id: str, erased_at: int
) -> bool:
    """Whether a record had been counted before its user was erased at an offset of this partition of the log.

    Raises:
        UnavailableError: the signal of the erasure does not come. The worker ends, and the record is delivered again.
    """
    erasures, deadline = cast("Table[Erasure]", app.state_tables["forgetting"]), monotonic() + MAX_WAIT_S
    await erasures.recovered(partition)
    while True:
        known = erasures.get(partition, erasure_key(partition, user_id)) or Erasure()
        if known.at >= erased_at:
            return not is_new(known.applied_offsets, source_offset.source, source_offset.offset)
        if monotonic() > deadline:
            missing = TimeoutError(f"no signal of the erasure {partition}:{erased_at} in {MAX_WAIT_S:.0f} s")
            raise UnavailableError("Kafka", missing)
        await asyncio.sleep(POLL_INTERVAL_S)
