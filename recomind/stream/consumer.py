"""The batch transport `kafkabatch://`: Faust's aiokafka driver, but with one event for each batch of a partition.

Methods marked * replace Faust's (0.15.3); `tests/contracts/test_faust_privates.py` checks that they still exist.

    fetch     getmany*                asks the consumer thread for records; waits first while the process is busy
      |                               Why: Faust yields each record; a few large events cost far less than many small
      v
    batch     Batch.split,            one message with up to 1,000 records; its offset is that of the last record,
      |       _batch_message          and it is registered in _batches as unfinished
      v
    agents    PartitionQueues         Faust passes the message to the agents of the topic; each handles it and acks
      |
      v
    ack       Faust, unchanged        after the last agent's ack, Faust's streams append the offset to _acked
      |
      v
    commit    Faust's commit(), each `commit_interval` and at a rebalance:
      |- _filter_tps_with_pending_acks*   partitions of which batches were delivered
      |- _new_offset*                     end of the finished batches before the first unfinished one
      |                                   Why: Faust counts single offsets, and may commit past unfinished records.
      |                                   Past the last one, the position: transaction markers have offsets, too
      |- _add_gap*                        nothing: offsets without records, inside or between batches, do not matter
      '- _commit_offsets*                 before the offsets, `app.before_commit()` makes durable what they stand
                                          for; after a failure (`app.failure`) nothing is committed any more, so
                                          unfinished records are delivered again

    rebalance on_partitions_revoked*  commits first and then drops the bookkeeping; Faust does it the other way round
              wait_empty*             waits for handlers with a time limit; Faust may wait forever for messages that
                                      were in queues when a rebalance emptied them
              perform_seek*           goes to the committed offsets, and notices where the log now begins after them
    thread    _create_worker_consumer*  sets Faust's assignor, which assigns partition p of all topics to one worker;
                                      Faust uses it only for apps that have Faust's own tables. It also leaves out
                                      records of aborted transactions, and shortens fetches that wait
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, MutableMapping, Sequence
from time import monotonic
from typing import Any, Final, Protocol, cast

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.utils.logging import get_logger

from recomind.model.ids import Partition
from recomind.stream.batches import Batch
from recomind.stream.fetch_throttle import FetchThrottle
from recomind.stream.partition_queues import PartitionQueues
from recomind.stream.positions import Place, Positions
from recomind.stream.record_batches import accept_any_header_names

logger = get_logger(__name__)

SCHEME: Final = "kafkabatch"

FETCH_MAX_WAIT_MS: Final = 500
"""How long a fetch may wait for records. Faust has 1,500.

A partition whose records were not taken within 0.1 s is left out of the next fetch. What comes into it then has to wait
for the end of that fetch.
"""

POLL_INTERVAL_S: Final = 0.01
"""Time between checks whether the agents have finished their batches."""


class BatchApp(Protocol):
    """What the consumer needs of its app, besides what Faust's apps have."""

    failure: BaseException | None
    """Why the worker stops; None while it runs."""
    partition_queues: Sequence[PartitionQueues]
    """The queues of all agents."""

    @property
    def batches_in_progress(self) -> int:
        """How many batches are being handled."""

    def note_cut(self, tp: TP, lost: range) -> None:
        """Note offsets that retention has deleted before they were read."""

    async def before_commit(self) -> bool:
        """Make durable what the offsets stand for; whether they may be committed."""


class Consumer(driver.Consumer):
    """Delivers batches, and commits what is finished."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batches: defaultdict[TP, dict[int, bool]] = defaultdict(dict)
        """Delivered batches in order of delivery: the last offset, and whether the batch is acknowledged."""
        self._committable: dict[TP, int] = {}
        """The offset after the last batch before the first unacknowledged one."""
        self._positions = Positions()
        self._throttle = FetchThrottle()
        self._batch_app = cast("BatchApp", self.app)

    def _new_consumer_thread(self) -> "ConsumerThread":
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Fetch records and yield a message for each batch; a rebalance in between drops the remaining batches."""
        await asyncio.sleep(self._throttle.delay())
        before, positions = self._places(), self._positions
        records, active = await self._wait_next_records(timeout)
        self._throttle.note_fetch()
        generation = self.app.consumer_generation_id
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            await self._seek_to_committed()
            return
        after = self._places()
        await self._note_fetch(records, after)
        for tp, batch in _split(records):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                yield tp, self._batch_message(tp, batch)
        positions.advance(before, after, records, self._committed_offset)

    def _places(self) -> dict[TP, Place]:
        thread: Any = self._thread
        places: dict[TP, Place] = thread.places()
        return places

    async def _note_fetch(self, records: Mapping[TP, Any], places: Mapping[TP, Place]) -> None:
        """Track the ends of partitions, and notice records that were deleted before they were read."""
        self._positions.record_ends.update({tp: some[-1].offset + 1 for tp, some in records.items() if some})
        ends: MutableMapping[TP, int] = self.app.monitor.tp_end_offsets
        for tp, end in self._positions.ends(places).items():
            if end is None:
                ends.pop(tp, None)
            else:
                ends[tp] = end
        first_offsets = {tp: some[0].offset for tp, some in records.items() if some}
        await self._find_cuts(self._positions.gaps(first_offsets, self._committed_offset))

    async def _find_cuts(self, gaps: Mapping[TP, range]) -> None:
        """Report the gaps that are not those of transactions: the log begins after their start."""
        try:
            starts = await self.earliest_offsets(*gaps) if gaps else {}
        except KafkaError as error:
            logger.warning("could not ask where the log starts: %s", error)
            return
        for tp, start in starts.items():
            if start > gaps[tp].start:
                self._batch_app.note_cut(tp, range(gaps[tp].start, start))

    async def perform_seek(self) -> None:
        """Go to the committed offsets, and look whether the log still has them."""
        await super().perform_seek()
        self._positions = Positions()
        committed = {tp: offset for tp, offset in self._committed_offset.items() if offset is not None}
        await self._find_cuts({tp: range(offset, offset) for tp, offset in committed.items()})

    async def _seek_to_committed(self) -> None:
        """Go back to the committed offsets, since the fetched records are not delivered.

        It may fail because of another rebalance. That does no harm: Faust seeks again before it resumes the flow.
        """
        try:
            await self.perform_seek()
        except KafkaError as error:
            logger.info("did not seek, as partitions were revoked: %s", error)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Wait for unfinished batches and commit, then drop the bookkeeping of the revoked partitions."""
        await self._on_partitions_revoked(revoked)
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        for tp in revoked:
            self._batches.pop(tp, None)
            self._committable.pop(tp, None)
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)
            self._read_offset.pop(tp, None)
            self._committed_offset.pop(tp, None)
        self._positions = Positions()  # another object: a fetch that still goes on notes its end in the old one

    async def wait_empty(self) -> None:
        """Wait until the agents have finished the batches they are handling, with a time limit; then commit.

        Faust waits until every message is acknowledged. That never happens to a message that only some of the agents
        had taken from their queues when a rebalance emptied these. What is not finished here is delivered again.
        """
        for queues in self._batch_app.partition_queues:
            queues.drop_queued()
        deadline = monotonic() + self.app.conf.broker_rebalance_timeout / 2
        while self._batch_app.batches_in_progress and not self.should_stop and monotonic() < deadline:
            await asyncio.sleep(POLL_INTERVAL_S)
        await self.commit_and_end_transactions()

    def _batch_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        message: Any = self._to_message(tp, batch.records[-1])
        message.key, message.value, message.headers = None, batch, None
        self._batches[tp][message.offset] = False
        return cast("ConsumerMessage", message)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        tracked = {**self._batches, **self._positions.delivered}
        return (tp for tp in tracked if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """The offset after the last batch before the first unacknowledged one; if there is none, the position.

        Faust's streams inline `Consumer.ack`: they append acknowledged offsets to `_acked`.
        """
        batches = self._batches[tp]
        for offset in self._acked[tp]:
            if offset in batches:
                batches[offset] = True
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        while batches and batches[first := next(iter(batches))]:
            del batches[first]
            self._committable[tp] = first + 1
        if not batches and tp in self._positions.delivered:
            self._committable[tp] = max(self._positions.delivered[tp], self._committable.get(tp, 0))
        return self._committable.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: whole batches are tracked, so offsets without records between them do not matter."""

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        if self._batch_app.failure is not None or not await self._batch_app.before_commit():
            return False
        committed: bool = await super()._commit_offsets(offsets, start_new_transaction)
        return committed


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Assigns partition p of every topic to the same worker, though the app has no tables of Faust's own.

    It reads what is committed, as Faust does only for apps that write in transactions.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        accept_any_header_names()
        consumer = super()._create_worker_consumer(transport)
        self._assignor = self.app.assignor
        consumer._partition_assignment_strategy = (self._assignor,)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        return consumer

    def places(self) -> dict[TP, Place]:
        """Where the consumer stands in its partitions. No call of `getmany` is in progress, so nothing moves it."""
        subscription = None if self._consumer is None else self._consumer._subscription.subscription
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        states = {TP(*tp): assignment.state_value(tp) for tp in assignment.tps}
        return {tp: Place(one.position, one.lso) for tp, one in states.items() if one.has_valid_position}


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = Consumer


def _split(records: Mapping[TP, Any]) -> Iterable[tuple[TP, Batch]]:
    """The batches of fetched records."""
    for tp, of_partition in records.items():
        for batch in Batch.split(tp.topic, Partition(tp.partition), of_partition):
            yield tp, batch
