"""The whole verification, in the order of the data flow.

1. Read the log of actions, partition by partition: recompute profiles, and collect the outputs expected from them.
2. Read the log of signals: check that it holds exactly the expected signals, and recompute the videos' state from it.
3. Compare both with the changelogs, PostgreSQL and Redis.
4. Check that what is stored shows no video that was taken down.
5. Check that the logs have not grown meanwhile.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import msgspec

from recomind.errors import UnreadableError, UnsettledError
from recomind.model.ids import Partition, all_partitions
from recomind.model.log_identity import LogIdentity
from recomind.model.signals import SourceOffset
from recomind.offline.known_log import known_log
from recomind.offline.verification.compare_catalogue import CatalogueComparison
from recomind.offline.verification.compare_experiments import compare_experiments, recorded_experiments
from recomind.offline.verification.compare_stores import StoreComparison
from recomind.offline.verification.compare_trending import TrendingComparison
from recomind.offline.verification.cut_profiles import CUT_PROFILES_NOTE, accept_cut_profiles
from recomind.offline.verification.digests import DigestSet
from recomind.offline.verification.old_feedback import OLD_FEEDBACK_NOTE, accept_old_feedback
from recomind.offline.verification.old_likes import OLD_REPEATS_NOTE, accept_old_likes
from recomind.offline.verification.quiescence import (
    LogEnds,
    check_logs,
    log_ends,
    wait_until_caught_up,
    wait_until_erased,
    wait_until_listed,
)
from recomind.offline.verification.recompute_outcomes import Outcomes, RecomputedOutcomes
from recomind.offline.verification.recompute_users import ExpectedOutputs, RecomputedUsers, erasure_offsets
from recomind.offline.verification.recompute_videos import RecomputedVideos
from recomind.offline.verification.recount_experiments import ExperimentRecount
from recomind.offline.verification.report import Report
from recomind.offline.verification.tables import COMPARED_PART, VALUE_TYPES
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.dead_letters import read_dead_letters
from recomind.stream.log_reader import read_to_end, restore, start_offsets

OLD_LIKES_NOTE: Final = "{} repeated likes were taken for first ones by version 0.2 or older, which forgot all but 48"

Progress = Callable[[str], None]
"""Called with a description of each step."""

WaitUntilListed = Callable[[Partition, Iterable[Profile]], Awaitable[None]]
"""Returns once the lists of a partition count all of these profiles."""

ACCEPTANCE_NOTES: Final = (CUT_PROFILES_NOTE, OLD_REPEATS_NOTE, OLD_FEEDBACK_NOTE)


async def verify(settings: Settings, *, within: float = 60.0, on_progress: Progress = lambda _: None) -> Report:
    """Recompute everything and compare.

    Args:
        settings: the addresses of the servers.
        within: seconds to wait until the workers have committed the logs, and again until the lists are up to date.
        on_progress: called with a description of each step.

    Raises:
        IncompleteLogError: a log has lost its beginning, so nothing can be recomputed from it.
        UnsettledError: the workers did not catch up in time, or actions arrived meanwhile.
        UnavailableError: a server does not answer.
    """
    async with _stores(settings) as (archive, read_model):
        await check_logs(settings)
        on_progress("waiting until the workers have committed everything")
        ends, report = await wait_until_caught_up(settings, within), Report()
        await wait_until_erased(settings, within)

        async def until_listed(partition: Partition, profiles: Iterable[Profile]) -> None:
            await wait_until_listed(read_model, partition, profiles, within)

        log = await known_log(archive, settings.partitions)
        stores = StoreComparison(archive, read_model, report)
        trending = TrendingComparison(archive, read_model, report)
        verification = Verification(settings, log, ends, report, stores, trending, until_listed, on_progress)
        verification.expected.rows.bare_until = await archive.details_since()
        verification.expected.forgetful_until = await archive.feedback_since()
        verification.expected.rows.context_level = settings.context
        verification.recount = ExperimentRecount(await recorded_experiments(settings))
        await verification.run()
        on_progress("figures of experiments")
        await compare_experiments(settings, read_model, verification.recount, report)
        on_progress("videos in lists")
        await CatalogueComparison(archive, read_model, report).compare()
    if await log_ends(settings) != ends:
        raise UnsettledError("actions arrived meanwhile: stop the producers until verification is done, and try again")
    return report


class Verification:
    """One run; differences are added to the report."""

    def __init__(
        self,
        settings: Settings,
        log: LogIdentity,
        ends: LogEnds,
        report: Report,
        stores: StoreComparison,
        trending: TrendingComparison,
        until_listed: WaitUntilListed,
        on_progress: Progress,
    ) -> None:
        self._settings = settings
        self._log_identity = log
        self._ends = ends
        self._report = report
        self._stores = stores
        self._trending = trending
        self._until_listed = until_listed
        self._on_progress = on_progress
        self.expected = ExpectedOutputs()
        """What follows from the log of actions."""
        self._applied_signals = DigestSet()
        self._outcomes = Outcomes()
        self.recount = ExperimentRecount(())
        """The figures of experiments."""
        self._user_ids: list[str] = []
        self._block_keys: list[str] = []
        self._accepted: dict[str, set[str]] = {note: set() for note in ACCEPTANCE_NOTES}
        """Note to the users of whom something is not compared."""
        self._old_first_likes: set[SourceOffset] = set()
        self._counts: dict[str, int] = {}
        """User to the number of actions that their profile counts."""
        self._video_ids: list[str] = []

    async def run(self) -> None:
        """Compare everything."""
        for partition in all_partitions(self._settings.partitions):
            self._on_progress(f"users of partition {partition}")
            await self._compare_users(partition)
        for partition in all_partitions(self._settings.partitions):
            self._on_progress(f"videos of partition {partition}")
            await self._compare_videos(partition)
        self._on_progress("outputs expected from the log")
        self._compare_signals()
        self._outcomes.compare(self._report)
        self._compare_rerouted()
        self.expected.merged.compare(self._report)
        await self._compare_dead_letters()
        await self._stores.compare_actions(self.expected.rows, self._counts)
        await self._stores.find_unexpected_keys(self._user_ids, self._block_keys, self._video_ids)
        self._report.notes += [note.format(len(users)) for note, users in self._accepted.items() if users]

    async def _compare_users(self, partition: Partition) -> None:
        erased_at: dict[str, int] = {}
        async for _, records in self._log(topics.ACTIONS, partition, self._ends.actions):
            erased_at |= erasure_offsets(records, self._log_identity)
        async with aclosing(read_to_end(client_options(self._settings), topics.SERVED_LISTS, [partition])) as served:
            outcomes = await self._recomputed_outcomes(partition, served)
            users = RecomputedUsers(self._log_identity, self.expected, erased_at, outcomes)
            async for _, records in self._log(topics.ACTIONS, partition, self._ends.actions):
                await outcomes.read_until(max((record.timestamp for record in records), default=0) / 1000)
                users.apply_records(records)
            if self.recount.records:
                await outcomes.read_rest()
                self.recount.settle(users.has_seen)
        users.leave_out_outcomes()
        profiles, blocks = await self._restored("profiles", partition), await self._restored("seen_blocks", partition)
        older = await self._restored("older_feedback", partition)
        self._accepted[OLD_FEEDBACK_NOTE] |= accept_old_feedback(users, profiles, older)
        self._accepted[OLD_REPEATS_NOTE] |= accept_old_likes(users.profiles, profiles, users.old_users)
        self._accepted[CUT_PROFILES_NOTE] |= accept_cut_profiles(users, profiles, blocks)
        self._user_ids += [user_id for user_id, profile in users.profiles.items() if not profile.is_erased]
        self._block_keys += users.seen_blocks
        self._report.compare_mappings("table profiles", users.profiles, profiles)
        self._report.compare_mappings("table seen_blocks", users.seen_blocks, blocks)
        self._report.compare_mappings("table older_feedback", users.older_blocks, older)
        self._counts |= {user_id: profile.action_count for user_id, profile in users.profiles.items()}
        await self._until_listed(partition, users.profiles.values())
        await self._stores.compare_users(users)

    async def _compare_videos(self, partition: Partition) -> None:
        videos = RecomputedVideos(
            partition,
            self._applied_signals,
            self._note_unreadable,
            self._outcomes,
            self.expected.dropped_likes,
            self._accepted[CUT_PROFILES_NOTE],
        )
        async for _, records in self._log(topics.SIGNALS, partition, self._ends.signals):
            videos.collect_erasures(records)
        async for _, records in self._log(topics.SIGNALS, partition, self._ends.signals):
            videos.apply_records(records)
        self._old_first_likes |= videos.old_first_likes
        await self._compare_table("forgetting", partition, videos.forgetting)
        self._video_ids += videos.popularity.keys() | videos.neighbours.keys()
        await self._compare_table("popularity", partition, videos.popularity)
        await self._compare_table("neighbours", partition, videos.neighbours)
        await self._stores.compare_videos(videos.popularity, videos.neighbours)
        await self._trending.compare(partition, videos.popularity, videos.liked_at)

    async def _compare_table(self, name: str, partition: Partition, expected: Mapping[str, Any]) -> None:
        self._report.compare_mappings(f"table {name}", expected, await self._restored(name, partition))

    async def _restored(self, name: str, partition: Partition) -> dict[str, Any]:
        """The values of a table in its changelog."""
        topic, decode = topics.changelog(self._settings.app_id, name), msgspec.msgpack.Decoder(VALUE_TYPES[name]).decode
        restored = await restore(
            client_options(self._settings),
            topic,
            [partition],
            decode=decode,
            decode_all=True,
            on_unreadable=self._note_unreadable,
        )
        found = restored[partition]
        compared = COMPARED_PART.get(name, lambda value: value)
        return {key: compared(decode(value)) for key, value in found.items()}

    def _compare_signals(self) -> None:
        store, expected, found = f"topic {topics.SIGNALS}", self.expected.signals, self._applied_signals
        self._report.compared[store] += len(expected)
        not_compared = self._old_first_likes | self.expected.not_compared
        missing = [one for one in expected.missing_from(found) if one not in not_compared]
        unexpected = [one for one in found.missing_from(expected) if one not in not_compared]
        for cause in missing:
            self._report.add_difference(store, f"action {cause.source}:{cause.offset}", "a signal", None)
        for cause in unexpected:
            self._report.add_difference(
                store, f"action {cause.source}:{cause.offset}", None, "a signal that is not expected"
            )
        if self._old_first_likes:
            self._report.notes.append(OLD_LIKES_NOTE.format(len(self._old_first_likes)))

    def _compare_rerouted(self) -> None:
        store = "rerouted records"
        self._report.compared[store] += len(self.expected.rerouted)
        for cause in self.expected.rerouted ^ self.expected.arrived:
            expected = "arrived" if cause in self.expected.rerouted else None
            self._report.add_difference(
                store, f"{cause.source}:{cause.offset}", expected, None if expected else "arrived"
            )

    async def _compare_dead_letters(self) -> None:
        """Compare dead letters with their records; one that was cut need only be the beginning of its own."""
        expected, found = self.expected.dead_letters, await read_dead_letters(self._settings, self._note_unreadable)
        originals = {
            key: expected[key] if key in expected and one.is_of(expected[key]) else one.original
            for key, one in found.items()
        }
        self._report.compare_mappings(f"topic {topics.DEAD_LETTERS}", expected, originals)

    def _note_unreadable(self, error: UnreadableError) -> None:
        """Note a record that no worker counts, as RecoMind has not written it."""
        self._report.notes.append(f"skipped, as workers do: {error}")

    async def _recomputed_outcomes(
        self, partition: Partition, served: AsyncIterator[tuple[Partition, Any]]
    ) -> RecomputedOutcomes:
        partitions = self._settings.partitions
        starts = await start_offsets(client_options(self._settings), topics.SERVED_LISTS, partitions)
        return RecomputedOutcomes(
            served,
            partitions,
            self._outcomes,
            is_cut=starts[partition] > 0,
            counting=self.recount.counting(partition),
        )

    def _log(
        self, topic: str, partition: Partition, ends: Mapping[Partition, int]
    ) -> AsyncIterator[tuple[Partition, Any]]:
        return read_to_end(client_options(self._settings), topic, [partition], until=ends)


@asynccontextmanager
async def _stores(settings: Settings) -> AsyncIterator[tuple[Archive, ReadModel]]:
    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    read_model = ReadModel(RedisStore(settings.redis_url))
    await archive.open()
    try:
        yield archive, read_model
    finally:
        await archive.close()
        await read_model.store.close()
