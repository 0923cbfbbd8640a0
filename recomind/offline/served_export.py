"""Served lists with their outcomes as Parquet files, to train models elsewhere: one row for each place.

Lists and actions are joined as workers do (`recomind.state.served_lists`), partition by partition, in the order of the
logs. A list is written when no action can be its outcome any more, so that memory holds the lists of an hour, the
state of a partition's users, and one row group. Lists of erased users are left out.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import nan
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from aiokafka import ConsumerRecord

from recomind.errors import InputError
from recomind.model.events import Action, EraseUser, Note, Rejected
from recomind.model.ids import Partition, all_partitions
from recomind.model.log_identity import LogIdentity
from recomind.model.served_lists import ServedListEvent, decode_served_list
from recomind.model.signals import ErasureSignal
from recomind.offline.parquet_rows import Row, RowWriter, rate_column
from recomind.offline.verification.recompute_users import erasure_offsets
from recomind.recommender.local_rates import LOCAL_NAMES
from recomind.recommender.served import RATE_NAMES, ShownFeatures, unpack
from recomind.settings import Settings
from recomind.state import profile_fold
from recomind.state.profile import Profile
from recomind.state.served_lists import MAX_USERS, RETENTION_S, Place, ServedLists, void_lists, with_joined
from recomind.state.user_blocks import UserBlocks
from recomind.stream import topics
from recomind.stream.codec import decode_record
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end

PASSED_OVER: Final = "passed over"

_NO_LOCAL_RATES: Final = (nan,) * len(LOCAL_NAMES)
"""Of a list that was ranked without a local context."""

Records = AsyncIterator[tuple[int, Sequence[ConsumerRecord]]]


class Outcome(NamedTuple):
    """The outcome of a place."""

    kind: str
    """`like`, `view`, `skip` or `passed over`."""
    at: float
    """Event time, epoch seconds; of the action that showed it, if the place was passed over."""


class OpenList(NamedTuple):
    """A list whose outcomes are still to come."""

    logged_at: float
    event: ServedListEvent
    outcomes: dict[int, Outcome]
    """Place to its outcome."""


class ServedExport:
    """Joins one partition's served lists with its actions."""

    def __init__(self, served: Records, log: LogIdentity, erased_at: Mapping[str, float]) -> None:
        """Create a join.

        Args:
            served: the partition's log of served lists.
            log: the log of actions.
            erased_at: user to the log time of the last record that erased them, epoch seconds.
        """
        self._served = served
        self._log = log
        self._erased_at = erased_at
        self._lists = ServedLists(max(1, MAX_USERS // log.partitions))
        self._open: OrderedDict[tuple[str, str], OpenList] = OrderedDict()
        """(user, list id) to the list, oldest first."""
        self._profiles: dict[str, Profile] = {}
        self._blocks = UserBlocks()
        self.is_read = False
        """Whether all lists have been read."""

    async def read_until(self, logged_at: float) -> None:
        """Read the lists that were logged until a time."""
        while not self.is_read and self.logged_until <= logged_at:
            await self.read_some()

    async def read_some(self) -> None:
        """Read some more lists."""
        try:
            _, records = await anext(self._served)
        except StopAsyncIteration:
            self.is_read = True
            return
        for record in records:
            self._put(record)

    @property
    def logged_until(self) -> float:
        """When the last list that was read was logged, epoch seconds."""
        return self._lists.logged_until

    def apply(self, record: ConsumerRecord) -> None:
        """Apply the next record of the log of actions; the lists until its time have been read."""
        decoded, logged_at = decode_record(record, self._log), record.timestamp / 1000
        event = decoded.action
        if isinstance(event, Rejected | Note) or decoded.misrouted:
            return
        before = self._profiles.get(event.user_id, Profile())
        blocks = self._blocks.of_user(event.user_id, before)
        after, derived = profile_fold.apply_event(before, decoded.source_offset, decoded.log_offset, event, *blocks)
        signals = [one for one in derived if not isinstance(one, ErasureSignal)]
        if isinstance(event, EraseUser):
            after = void_lists(before, after, logged_at)
        elif signals:
            joined = self._lists.join(before, event, signals, logged_at)
            self._note(event, joined.place, joined.passed)
            after = with_joined(after, event, joined)
        self._profiles[event.user_id] = self._blocks.seal_after(event.user_id, before, after)

    def take_closed(self, before: float) -> Iterator[Row]:
        """The rows of lists that were logged before a time; they are forgotten."""
        while self._open and next(iter(self._open.values())).logged_at < before:
            _, closed = self._open.popitem(last=False)
            yield from rows_of(closed)

    def _put(self, record: ConsumerRecord) -> None:
        event, logged_at = None, record.timestamp / 1000
        with suppress(ValueError, RecursionError):  # workers have said so
            event = decode_served_list(record.value or b"")
        self._lists.put(record.offset, logged_at, event)
        if event is None or not event.shown:  # without features, it says that a list was handed out again
            return
        if logged_at > self._erased_at.get(event.user_id, 0.0):
            known = self._open.pop((event.user_id, event.list_id), None)
            outcomes = {} if known is None else known.outcomes
            self._open[event.user_id, event.list_id] = OpenList(logged_at, event, outcomes)

    def _note(self, action: Action, place: Place | None, passed: Sequence[Place]) -> None:
        noted = [(one, PASSED_OVER) for one in passed] + ([] if place is None else [(place, action.action_type)])
        for one, kind in noted:
            open_list = self._open.get((action.user_id, one.event.list_id))
            if open_list is not None:
                open_list.outcomes[one.number] = Outcome(kind, action.timestamp)


def rows_of(served: OpenList) -> Iterator[Row]:
    """A row for each place of a list."""
    event = served.event
    for number, video_id in enumerate(event.video_ids):
        shown, outcome = unpack(event.shown, number, len(event.video_ids)), served.outcomes.get(number)
        yield {
            "list_id": event.list_id,
            "user_id": event.user_id,
            "served_at": _microseconds(event.at),
            "logged_at": _microseconds(served.logged_at),
            "version": event.version,
            "scenario": event.scenario,
            "arms": msgspec.json.encode(event.arms, order="sorted").decode(),
            "place": number,
            "video_id": video_id,
            "outcome": None if outcome is None else outcome.kind,
            "outcome_at": None if outcome is None else _microseconds(outcome.at),
            **_features(shown),
        }


def _features(shown: ShownFeatures | None) -> Row:
    if shown is None:
        missing = {"propensity": nan, "choice": nan, "factor_score": nan, "item_mean": [], "item_variance": []}
        return missing | dict.fromkeys(map(rate_column, RATE_NAMES), nan)
    return {
        "propensity": shown.propensity,
        "choice": shown.choice,
        "factor_score": shown.factors,
        "item_mean": shown.item.mean.tolist(),
        "item_variance": shown.item.variance.tolist(),
        **dict(zip(map(rate_column, RATE_NAMES), (*shown.rates, *_NO_LOCAL_RATES), strict=False)),
    }


def _microseconds(at: float) -> int:
    return round(at * 1e6)


def make_folder(folder: Path) -> None:
    """Make the folder to write to.

    Raises:
        InputError: it holds something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InputError(f"{folder} is not empty: name a folder that is, or that does not exist")


async def export_served_lists(
    settings: Settings, log: LogIdentity, folder: Path, on_progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write one Parquet file for each partition; returns the number of rows.

    Args:
        settings: the address of Kafka, which is only read.
        log: the log of actions.
        folder: which exists.
        on_progress: called with the number of each partition that has been written.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    total = 0
    for partition in all_partitions(settings.partitions):
        total += await _export_partition(settings, log, partition, folder / f"served-{partition:05d}.parquet")
        on_progress(partition)
    return total


async def _export_partition(settings: Settings, log: LogIdentity, partition: Partition, file: Path) -> int:
    kafka, erased_at = client_options(settings), dict[str, float]()
    async for _, records in read_to_end(kafka, topics.ACTIONS, [partition]):
        times = {record.offset: record.timestamp / 1000 for record in records}
        erased_at |= {user: times[offset] for user, offset in erasure_offsets(records, log).items()}
    export = ServedExport(read_to_end(kafka, topics.SERVED_LISTS, [partition]), log, erased_at)
    with RowWriter(file) as writer:
        async for _, records in read_to_end(kafka, topics.ACTIONS, [partition]):
            for record in records:
                await export.read_until(record.timestamp / 1000)
                export.apply(record)
                writer.write(export.take_closed(record.timestamp / 1000 - RETENTION_S))
        while not export.is_read:
            await export.read_some()
            writer.write(export.take_closed(export.logged_until - RETENTION_S))
        writer.write(export.take_closed(float("inf")))
        return writer.rows
