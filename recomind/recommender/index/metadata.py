"""Metadata of videos by row, and a log of the rows whose entries have changed, by which cached masks catch up."""

from collections import defaultdict
from typing import Final

import numpy as np

from recomind.model.catalogue import Video
from recomind.model.metadata import VideoMetadata
from recomind.model.text import tag_key, words_key
from recomind.recommender.index.columns import Columns

MAX_LOGGED_CHANGES: Final = 16_384
"""Changes that are remembered; a mask that is further behind is computed from all videos."""

_EMPTY: Final = VideoMetadata()


class MetadataIndex:
    """Sets the columns of metadata, and holds the rows of each label and country."""

    def __init__(self, columns: Columns) -> None:
        self.label_rows: defaultdict[str, set[int]] = defaultdict(set)
        """Key of a label to the videos that have it."""
        self.country_rows: defaultdict[str, set[int]] = defaultdict(set)
        """Country to the videos that are restricted to some countries, and may be shown there."""
        self.titles: dict[int, str] = {}
        """Rows to the words of titles, see `recomind.model.text.words_key`."""
        self.languages: dict[str, int] = {}
        """Language to its number."""
        self.rated = 0
        """Videos with an age rating."""
        self.restricted = 0
        """Videos that are restricted to some countries."""
        self._columns = columns
        self._entries: dict[int, VideoMetadata] = {}
        """Rows to their metadata, for videos that have any."""
        self._log: list[int] = []
        self._dropped = 0
        """Changes before the first one of the log."""

    @property
    def position(self) -> int:
        """The number of changes so far."""
        return self._dropped + len(self._log)

    def changed_since(self, position: int) -> list[int] | None:
        """The distinct rows that have changed since a position; None if that is not known any more."""
        if position < self._dropped:
            return None
        return list(dict.fromkeys(self._log[position - self._dropped :]))

    def put(self, row: int, entry: Video | None) -> None:
        """Set the metadata of a video; None if it has no entry."""
        after: VideoMetadata = _EMPTY if entry is None else entry
        before = self._entries.get(row, _EMPTY)
        self._move(row, before, after)
        columns = self._columns
        columns.language[row] = -1 if after.language is None else self._language(after.language)
        columns.age_rating[row] = after.age_rating
        columns.duration_s[row] = np.nan if after.duration_ms is None else after.duration_ms / 1000
        columns.is_restricted[row] = bool(after.countries)
        if after.countries or after.labels or after.age_rating:
            self._entries[row] = after
        else:
            self._entries.pop(row, None)
        if entry is None:
            self.titles.pop(row, None)
        else:
            self.titles[row] = words_key(entry.title)
        self._log.append(row)
        if len(self._log) > MAX_LOGGED_CHANGES:
            half = MAX_LOGGED_CHANGES // 2
            self._log, self._dropped = self._log[half:], self._dropped + half

    def _move(self, row: int, before: VideoMetadata, after: VideoMetadata) -> None:
        for label in before.labels:
            self.label_rows[tag_key(label)].discard(row)
        for country in before.countries:
            self.country_rows[country].discard(row)
        for label in after.labels:
            self.label_rows[tag_key(label)].add(row)
        for country in after.countries:
            self.country_rows[country].add(row)
        self.rated += bool(after.age_rating) - bool(before.age_rating)
        self.restricted += bool(after.countries) - bool(before.countries)

    def _language(self, language: str) -> int:
        return self.languages.setdefault(language, len(self.languages))
