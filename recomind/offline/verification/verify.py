"""The whole verification, in the order of the flow.

First the log of actions, partition by partition: the profiles, and everything that must follow from it. Then the log
of signals: that it holds exactly the signals that must be there, and what videos' state follows from its order.
Each is compared with the changelogs, PostgreSQL and Redis. At the end nothing may have moved.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from recomind.errors import UnsettledError
from recomind.offline.verification.compare_stores import Stores
from recomind.offline.verification.digests import Ledger
from recomind.offline.verification.quiescence import Ends, ends_of, forgotten, listed, settled
from recomind.offline.verification.recompute_users import Consequences, People, forgotten_in
from recomind.offline.verification.recompute_videos import Videos
from recomind.offline.verification.report import Report
from recomind.settings import Settings
from recomind.state.forgetting import Forgetting
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisValues
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.log_reader import read_to_end, restore

Progress = Callable[[str], None]
"""Told what is being done, for people."""

Wait = Callable[[int, Iterable[Profile]], Awaitable[None]]
"""Returns once the lists of a partition count all of these profiles."""

KINDS: Final = {"profiles": Profile, "popularity": Popularity, "neighbours": Neighbours, "forgetting": Forgetting}


async def verify(settings: Settings, *, within: float = 60.0, on_progress: Progress = lambda _: None) -> Report:
    """Recompute everything and compare.

    Args:
        settings: where the servers are.
        within: seconds that the workers may take to commit all of the logs first, and then to bring lists up to date.
        on_progress: told of each step.

    Raises:
        UnsettledError: the workers have not, people wait for lists, or actions came in meanwhile.
        UnavailableError: a server does not answer.
    """
    async with _stores(settings) as (archive, read_model):
        on_progress("waiting until the workers have committed everything")
        ends, report = await settled(settings, within), Report()
        await forgotten(settings, within)

        async def until_listed(partition: int, profiles: Iterable[Profile]) -> None:
            await listed(read_model, partition, profiles, within)

        stores = Stores(archive, read_model, report)
        verification = Verification(settings, ends, report, stores, until_listed, on_progress)
        await verification.run()
    moved = await ends_of(settings)
    if moved != ends:
        raise UnsettledError("actions came in meanwhile: stop the producers for as long as it takes, and try again")
    return report


class Verification:
    """One run; what it finds goes to the report."""

    def __init__(
        self, settings: Settings, ends: Ends, report: Report, stores: Stores, until_listed: Wait, say: Progress
    ) -> None:
        self._settings = settings
        self._ends = ends
        self._report = report
        self._stores = stores
        self._until_listed = until_listed
        self._say = say
        self._follow = Consequences()
        self._sent = Ledger()
        self._people: list[str] = []
        self._videos: list[str] = []

    async def run(self) -> None:
        """Compare everything."""
        for partition in range(self._settings.partitions):
            self._say(f"people of partition {partition}")
            await self._compare_people(partition)
        for partition in range(self._settings.partitions):
            self._say(f"videos of partition {partition}")
            await self._compare_videos(partition)
        self._say("what follows from the log")
        self._compare_signals()
        self._compare_repairs()
        self._report.same(f"topic {topics.DEAD_LETTERS}", self._follow.letters, await self._letters())
        await self._stores.compare_actions(self._follow.actions, self._follow.action_ids)
        await self._stores.compare_strangers(self._people, self._videos)

    async def _compare_people(self, partition: int) -> None:
        forgotten: dict[str, int] = {}
        async for _, records in self._log(topics.ACTIONS, partition, self._ends.actions):
            forgotten |= forgotten_in(records, self._settings.partitions)
        people = People(self._settings.partitions, self._follow, forgotten)
        async for _, records in self._log(topics.ACTIONS, partition, self._ends.actions):
            people.take(records)
        self._people += [user_id for user_id, profile in people.profiles.items() if not profile.is_blank]
        await self._compare_table("profiles", partition, people.profiles)
        await self._until_listed(partition, people.profiles.values())
        await self._stores.compare_people(people.profiles, people.logged_at)

    async def _compare_videos(self, partition: int) -> None:
        videos = Videos(partition, self._sent)
        async for _, records in self._log(topics.SIGNALS, partition, self._ends.signals):
            videos.note(records)
        async for _, records in self._log(topics.SIGNALS, partition, self._ends.signals):
            videos.take(records)
        await self._compare_table("forgetting", partition, videos.forgetting)
        self._videos += videos.popularity.keys() | videos.neighbours.keys()
        await self._compare_table("popularity", partition, videos.popularity)
        await self._compare_table("neighbours", partition, videos.neighbours)
        await self._stores.compare_videos(videos.popularity, videos.neighbours)
        await self._stores.compare_trending(partition, videos.popularity)

    async def _compare_table(self, name: str, partition: int, expected: Mapping[str, Any]) -> None:
        topic, decode = topics.changelog(self._settings.app_id, name), msgspec.msgpack.Decoder(KINDS[name]).decode
        found = (await restore(client_options(self._settings), topic, [partition]))[partition]
        self._report.same(f"table {name}", expected, {key: decode(value) for key, value in found.items()})

    def _compare_signals(self) -> None:
        store, expected, found = f"topic {topics.SIGNALS}", self._follow.signals, self._sent
        self._report.compared[store] += len(expected)
        for origin in expected.missing_from(found):
            self._report.differ(store, f"action {origin.lane}:{origin.offset}", "a signal", None)
        for origin in found.missing_from(expected):
            self._report.differ(store, f"action {origin.lane}:{origin.offset}", None, "a signal that does not follow")

    def _compare_repairs(self) -> None:
        store = "records sent on"
        self._report.compared[store] += len(self._follow.sent_on)
        for origin in self._follow.sent_on ^ self._follow.arrived:
            expected = "arrived" if origin in self._follow.sent_on else None
            self._report.differ(store, f"{origin.lane}:{origin.offset}", expected, None if expected else "arrived")

    async def _letters(self) -> dict[str, bytes]:
        """Dead letters by key."""
        found: dict[str, bytes] = {}
        every = range(self._settings.partitions)
        async for _, records in read_to_end(client_options(self._settings), topics.DEAD_LETTERS, every):
            found.update({record.key.decode(): record.value or b"" for record in records})
        return found

    def _log(self, topic: str, partition: int, ends: Mapping[int, int]) -> AsyncIterator[tuple[int, Any]]:
        return read_to_end(client_options(self._settings), topic, [partition], until=ends)


@asynccontextmanager
async def _stores(settings: Settings) -> AsyncIterator[tuple[Archive, ReadModel]]:
    archive, read_model = Archive(settings.postgres_dsn), ReadModel(RedisValues(settings.redis_url))
    await archive.open()
    try:
        yield archive, read_model
    finally:
        await archive.close()
        await read_model.values.close()
