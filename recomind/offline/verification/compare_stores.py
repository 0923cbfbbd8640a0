"""Comparing what was recomputed with what PostgreSQL and Redis hold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from time import time
from typing import Final

import msgspec
import numpy as np

from recomind.model.catalogue import Card
from recomind.model.signals import Origin
from recomind.offline.verification.digests import Ledger
from recomind.offline.verification.recompute_users import digest_of_row
from recomind.offline.verification.report import Report
from recomind.recommender.candidates import trending
from recomind.recommender.candidates.trending import best_of
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile, has_seen
from recomind.stores import keys
from recomind.stores.archive import Archive, moment
from recomind.stores.read_model import ReadModel

CHUNK: Final = 1_000
"""Values read at once."""

NOWHERE: Final = Origin(-1, -1)

MARGIN: Final = 3_600.0
"""Seconds before its TTL's end from which on a value may be gone."""


class Stores:
    """The two stores, and the report that differences go to."""

    def __init__(self, archive: Archive, read_model: ReadModel, report: Report) -> None:
        self._archive = archive
        self._read_model = read_model
        self._report = report

    async def compare_people(self, profiles: Mapping[str, Profile], logged_at: Mapping[str, float]) -> None:
        """Compare `user_state`, stored lists and `user_profiles`."""
        oldest = time() - keys.USER_STATE_TTL + MARGIN
        for some in _chunks(profiles):
            stored = await self._read_model.profiles(some)
            rows = await self._archive.profiles_of(some)
            for user_id in some:
                profile = profiles[user_id]
                if profile.is_blank:
                    self._report.equal("Redis user_state", user_id, None, stored.get(user_id))
                    self._report.equal("PostgreSQL user_profiles", user_id, None, rows.get(user_id))
                    continue
                if user_id in stored or logged_at[user_id] > oldest:
                    self._report.equal("Redis user_state", user_id, profile, stored.get(user_id))
                self._report.equal("PostgreSQL user_profiles", user_id, moment(profile.last_at), rows.get(user_id))
            await self._compare_lists({user_id: profiles[user_id] for user_id in some if user_id in stored})

    async def compare_videos(self, popularity: Mapping[str, Popularity], neighbours: Mapping[str, Neighbours]) -> None:
        """Compare `video_popularity`, `video_neighbours` and the table `video_popularity`."""
        for some in _chunks(popularity):
            await self._compare_popularity(some, popularity)
        for some in _chunks(neighbours):
            stored = await self._read_model.neighbours(some)
            for video_id in some:
                self._report.equal("Redis video_neighbours", video_id, neighbours[video_id], stored.get(video_id))

    async def compare_trending(self, partition: int, popularity: Mapping[str, Popularity]) -> None:
        """Compare what a partition puts forward."""
        if popularity:
            found = await self._read_model.put_forward(partition)
            self._report.equal("Redis trending", str(partition), tuple(best_of(popularity.items()).first()), found)

    async def compare_actions(self, actions: Ledger, ids: Ledger) -> None:
        """Compare `video_actions`: every row must follow from the log, and every id must be there."""
        store, found = "PostgreSQL video_actions", Ledger()
        expected = set(actions.digests.tolist())
        self._report.compared[store] += len(np.unique(ids.digests))
        async for row in self._archive.all_actions():
            found.add(NOWHERE, row.id.bytes)
            if hash(digest_of_row(row)) not in expected:
                self._report.differ(store, str(row.id), None, row)
        for origin in ids.missing_from(found):
            self._report.differ(store, f"action {origin.lane}:{origin.offset}", "a row", None)

    async def compare_strangers(self, people: Sequence[str], videos: Sequence[str]) -> None:
        """Tell of rows and keys of people and videos that the log does not know."""
        known, seen = set(people), set(videos)
        for store, found, expected in (
            ("PostgreSQL user_profiles", self._archive.profile_ids(), known),
            ("PostgreSQL video_popularity", self._archive.popularity_ids(), seen),
            ("Redis user_state", self._read_model.ids_under(keys.user_state("")), known),
            ("Redis video_popularity", self._read_model.ids_under(keys.video_popularity("")), seen),
            ("Redis video_neighbours", self._read_model.ids_under(keys.video_neighbours("")), seen),
        ):
            strangers = [one async for one in found if one not in expected]
            self._report.none_of(store, strangers, "the log does not know it")

    async def _compare_popularity(self, some: Sequence[str], popularity: Mapping[str, Popularity]) -> None:
        stored, rows = await self._read_model.popularity(some), await self._archive.popularity_of(some)
        for video_id in some:
            value = popularity[video_id]
            self._report.equal("Redis video_popularity", video_id, value, stored.get(video_id))
            row = trending.score(value.liked), moment(value.last_at)
            self._report.equal("PostgreSQL video_popularity", video_id, row, rows.get(video_id))

    async def _compare_lists(self, people: Mapping[str, Profile]) -> None:
        """No stored list may hold what its person has acted on."""
        lists = await self._read_model.lists_of(list(people))
        for user_id, videos in lists.items():
            shown = (card.video_id for card in msgspec.json.decode(videos, type=list[Card]))
            again = [video_id for video_id in shown if has_seen(people[user_id], video_id)]
            self._report.equal("Redis recommendations", user_id, [], again)


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, CHUNK)):
        yield some
