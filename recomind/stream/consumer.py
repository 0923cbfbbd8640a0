"""The batch transport, `kafkabatch://`: Faust's aiokafka driver with one event per poll and partition.

It also mends what Faust 0.15.3 gets wrong about offsets: batches are committed in the order in which they were
delivered and never past one that is unfinished; partitions are given up only after the work in progress is done
and committed; and before any commit `app.before_commit()` makes durable what the offsets stand for. After a
failure (`app.failure`) nothing is committed any more, so what was in work is delivered again.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from time import monotonic
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.utils.logging import get_logger

from recomind.stream.batches import Batch
from recomind.stream.fetch_throttle import Pace

logger = get_logger(__name__)

SCHEME = "kafkabatch"

PAUSE: Final = 0.01
"""Seconds between looks at whether agents are still at work."""


class Consumer(driver.Consumer):
    """Delivers batches and keeps account of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_work: defaultdict[TP, dict[int, bool]] = defaultdict(dict)
        self._finished: dict[TP, int] = {}
        self._pace = Pace()

    def _new_consumer_thread(self) -> "ConsumerThread":
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Fetch, and yield a message a batch; what a rebalance overtakes is left to be fetched again."""
        await asyncio.sleep(self._pace.pause())
        records, active = await self._wait_next_records(timeout)
        self._pace.note_fetch()
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            await self._seek_back()
            return
        for tp, batch in _cut(records):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, self._batch_message(tp, batch)

    async def _seek_back(self) -> None:
        """Go back to what is committed, as what was fetched is not delivered.

        Another rebalance may overtake it. That does no harm: before the flow goes on, Faust's recovery seeks again.
        """
        try:
            await self.perform_seek()
        except KafkaError as error:
            logger.info("not sought, as partitions have gone: %s", error)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish and commit what is in work, then forget the partitions: in this order, unlike Faust."""
        await self._on_partitions_revoked(revoked)
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        for tp in revoked:
            self._in_work.pop(tp, None)
            self._finished.pop(tp, None)
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)
            self._read_offset.pop(tp, None)
            self._committed_offset.pop(tp, None)

    async def wait_empty(self) -> None:
        """Wait until agents have finished what they are at work on, but not for ever; then commit.

        Faust waits until every message is acknowledged, which never happens to one that some agents have taken from
        their queues and others have not when a rebalance clears the queues. What is left out is delivered again.
        """
        for intake in self.app.intakes:
            intake.forget()
        deadline = monotonic() + self.app.conf.broker_rebalance_timeout / 2
        while self.app.busy and not self.should_stop and monotonic() < deadline:
            await asyncio.sleep(PAUSE)
        await self.commit_and_end_transactions()

    def _batch_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        message = self._to_message(tp, batch.records[-1])
        message.key, message.value, message.headers = None, batch, None
        self._in_work[tp][message.offset] = False
        return message

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self._in_work) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """The offset after the last batch before the first unfinished one.

        Faust's streams inline `Consumer.ack`: what they have acknowledged is in `_acked`.
        """
        in_work = self._in_work[tp]
        for offset in self._acked[tp]:
            if offset in in_work:
                in_work[offset] = True
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        while in_work and in_work[first := next(iter(in_work))]:
            del in_work[first]
            self._finished[tp] = first + 1
        return self._finished.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets between batches hold no records: the account by batches needs no gaps."""

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        if self.app.failure is not None or not await self.app.before_commit():
            return False
        committed: bool = await super()._commit_offsets(offsets, start_new_transaction)
        return committed


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Assigns partition p of every topic to the same worker, though the app has no tables of Faust's own."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        self._assignor = self.app.assignor
        consumer._partition_assignment_strategy = (self._assignor,)
        return consumer


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = Consumer


def _cut(records: Mapping[TP, Any]) -> Iterable[tuple[TP, Batch]]:
    for tp, found in records.items():
        for batch in Batch.cut(tp.topic, tp.partition, found):
            yield tp, batch
