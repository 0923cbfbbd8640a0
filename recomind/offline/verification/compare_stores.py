"""Compare recomputed values with what PostgreSQL and Redis hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from time import time
from typing import Final

import msgspec

from recomind.model.catalogue import VideoSummary
from recomind.offline.verification.expected_rows import ExpectedRows, FoundRows, uncounted
from recomind.offline.verification.recompute_users import RecomputedUsers
from recomind.offline.verification.report import Report
from recomind.recommender.candidates import trending
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile, counted, has_seen
from recomind.state.seen_blocks import block_of_key
from recomind.stores import keys, seen_blocks
from recomind.stores.archive import Archive
from recomind.stores.archive_rows import to_datetime
from recomind.stores.read_model import ReadModel

MAX_IDS_PER_READ: Final = 1_000

OTHER_LEVELS_NOTE: Final = "{} rows of video_actions have the context as another value of RECOMIND_CONTEXT keeps it"

TTL_MARGIN_S: Final = 3_600.0
"""A value may be missing from Redis if its TTL has less than this left."""


class StoreComparison:
    """Compares both stores with recomputed values and adds differences to a report."""

    def __init__(self, archive: Archive, read_model: ReadModel, report: Report) -> None:
        self._archive = archive
        self._read_model = read_model
        self._report = report

    async def compare_users(self, users: RecomputedUsers) -> None:
        """Compare `user_state`, `seen_block`, stored lists and `user_profiles`."""
        oldest, profiles, logged_at = time() - keys.USER_STATE_TTL_S + TTL_MARGIN_S, users.profiles, users.logged_at
        for some in batches(profiles):
            found_profiles = await self._read_model.profiles(some)
            stored = {user_id: counted(profile) for user_id, profile in found_profiles.items()}
            rows = await self._archive.profile_times(some)
            for user_id in some:
                profile = profiles[user_id]
                if profile.is_erased:
                    self._report.compare("Redis user_state", user_id, None, stored.get(user_id))
                    self._report.compare("PostgreSQL user_profiles", user_id, None, rows.get(user_id))
                    continue
                if user_id in stored or logged_at[user_id] > oldest:
                    self._report.compare("Redis user_state", user_id, profile, stored.get(user_id))
                self._report.compare(
                    "PostgreSQL user_profiles", user_id, to_datetime(profile.last_at), rows.get(user_id)
                )
            await self._compare_lists({user_id: users.complete(user_id) for user_id in some if user_id in stored})
        for some in batches(users.seen_blocks):
            found = await seen_blocks.get(self._read_model.store, [block_of_key(key) for key in some])
            for key in some:
                expected = users.seen_blocks[key]
                self._report.compare("Redis seen_block", key, expected, found.get(block_of_key(key)))

    async def compare_videos(self, popularity: Mapping[str, Popularity], neighbours: Mapping[str, Neighbours]) -> None:
        """Compare `video_popularity`, `video_neighbours` and the table `video_popularity`."""
        for some in batches(popularity):
            await self._compare_popularity(some, popularity)
        for some in batches(neighbours):
            stored = await self._read_model.neighbours(some)
            for video_id in some:
                self._report.compare("Redis video_neighbours", video_id, neighbours[video_id], stored.get(video_id))

    async def compare_actions(self, expected: ExpectedRows, counts: Mapping[str, int]) -> None:
        """Compare `video_actions`: rows and log follow from each other, and no row is of an action that did not count.

        Args:
            expected: the rows that follow from the log.
            counts: user to the number of actions that their profile counts.
        """
        store, found = "PostgreSQL video_actions", FoundRows(expected)
        self._report.compared[store] += len(expected)
        async for row in self._archive.all_actions():
            found.add(row)
        if found.at_other_levels:
            self._report.notes.append(OTHER_LEVELS_NOTE.format(found.at_other_levels))
        for row in found.unexpected():
            self._report.add_difference(store, str(row.id), None, row)
        for cause in expected.missing_from(found):
            self._report.add_difference(store, f"action {cause.source}:{cause.offset}", "a row", None)
        for user_id, count, rows in uncounted(found.per_user, counts):
            self._report.add_difference("table profiles", user_id, f"{rows} actions counted, as archived", count)

    async def find_unexpected_keys(
        self, user_ids: Sequence[str], block_keys: Sequence[str], video_ids: Sequence[str]
    ) -> None:
        """Report rows and keys of users and videos that are not in the log, and blocks that no profile counts."""
        users, videos = set(user_ids), set(video_ids)
        blocks = {keys.seen_block(*block_of_key(key)).removeprefix(keys.SEEN_BLOCK_PREFIX) for key in block_keys}
        for store, found, expected in (
            ("PostgreSQL user_profiles", self._archive.profile_ids(), users),
            ("PostgreSQL video_popularity", self._archive.popularity_ids(), videos),
            ("Redis user_state", self._read_model.scan_ids(keys.user_state("")), users),
            ("Redis seen_block", self._read_model.scan_ids(keys.SEEN_BLOCK_PREFIX), blocks),
            ("Redis video_popularity", self._read_model.scan_ids(keys.video_popularity("")), videos),
            ("Redis video_neighbours", self._read_model.scan_ids(keys.video_neighbours("")), videos),
        ):
            unexpected = [one async for one in found if one not in expected]
            self._report.add_unexpected_keys(store, unexpected, "it is not in the log")

    async def _compare_popularity(self, some: Sequence[str], popularity: Mapping[str, Popularity]) -> None:
        stored, rows = await self._read_model.popularity(some), await self._archive.popularity_rows(some)
        for video_id in some:
            value = popularity[video_id]
            self._report.compare("Redis video_popularity", video_id, value, stored.get(video_id))
            row = trending.score(value.like_scores), to_datetime(value.last_at)
            self._report.compare("PostgreSQL video_popularity", video_id, row, rows.get(video_id))

    async def _compare_lists(self, profiles: Mapping[str, Profile]) -> None:
        """No stored list may hold a video that its user has acted on."""
        lists = await self._read_model.lists_of(list(profiles))
        for user_id, videos in lists.items():
            shown = (summary.video_id for summary in msgspec.json.decode(videos, type=list[VideoSummary]))
            acted_on = [video_id for video_id in shown if has_seen(profiles[user_id], video_id)]
            self._report.compare("Redis recommendations", user_id, [], acted_on)


def batches(ids: Iterable[str]) -> Iterator[list[str]]:
    """Ids in parts of `MAX_IDS_PER_READ`."""
    rest = iter(ids)
    while some := list(islice(rest, MAX_IDS_PER_READ)):
        yield some
