"""Titles of videos by their words, so that videos with similar titles are found."""

import re
from array import array
from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from recomind.recommender.index.video_index import VideoIndex

MAX_WORDS = 12
"""So many words of a title are read."""

MAX_TITLES_OF_WORD = 500
"""A word that is in more titles says nothing."""

MAX_ADDED = 1_000
"""So many titles are read in one call, which takes milliseconds: a large catalogue is read in several."""

_YEAR = re.compile(r"\(\d{4}\)")
_WORD = re.compile(r"\w+")

_Numbers = NDArray[np.int64]
_Floats = NDArray[np.float64]


def words_of(title: str) -> list[str]:
    """The distinct words of a title in lower case, without a year in parentheses.

    >>> words_of("Star Trek: The Star (2009)")
    ['star', 'trek', 'the']
    """
    return list(dict.fromkeys(_WORD.findall(_YEAR.sub("", title).casefold())))[:MAX_WORDS]


class TitleWords:
    """The words of the titles of one index, as they were when they were first read."""

    def __init__(self) -> None:
        self._size = 0
        """Rows of the index that were looked at."""
        self._without: set[int] = set()
        """Those that had no catalogue entry: it may come later."""
        self._titles = 0
        self._numbers: dict[str, int] = {}
        self._rows: list[array[int]] = []
        """Number of a word to the rows with it."""
        self._counts: _Numbers = np.zeros(0, np.int64)
        """Number of a word to the number of its titles; longer than it has to be."""
        self._words: _Numbers = np.full((0, MAX_WORDS), -1)
        """Row to the numbers of its words, then -1; longer than it has to be."""

    def update(self, index: VideoIndex) -> None:
        """Read the titles of videos that were added to the index."""
        known: Set[int] = index.videos.keys()
        for row in list(self._without & known)[:MAX_ADDED]:
            self._without.remove(row)
            self._add(row, index.videos[row].title)
        for row in range(self._size, min(index.size, self._size + MAX_ADDED)):
            self._size += 1
            if row in known:
                self._add(row, index.videos[row].title)
            else:
                self._without.add(row)

    def similar(self, row: int, index: VideoIndex, least: float) -> tuple[_Numbers, _Floats]:
        """Rows whose similarity to a video is at least `least`, and their similarities, at most 1.

        It is the mean of two cosines: that of words, weighed by how rare they are, and that of tags. For a video
        without tags it is that of words.
        """
        own = self._words[row] if row < len(self._words) else np.full(MAX_WORDS, -1)
        own_weights = self._weights(own)
        lists = [(np.array(self._rows[own[at]]), own_weights[at] ** 2) for at in np.flatnonzero(own_weights)]
        if not lists:
            return np.zeros(0, np.int64), np.zeros(0)
        strengths = np.repeat([strength for _, strength in lists], [len(rows) for rows, _ in lists])
        found, inverse = np.unique(np.concatenate([rows for rows, _ in lists]), return_inverse=True)
        lengths = np.linalg.norm(self._weights(self._words[found]), axis=1) * np.linalg.norm(own_weights)
        cosines = np.minimum(np.bincount(inverse, strengths) / lengths, 1.0)
        tags, of_others = index.columns.tags[row], index.columns.tags[found]
        if (tags >= 0).any():
            shared = (of_others[:, :, None] == tags[tags >= 0]).sum(axis=(1, 2))
            counts = np.maximum((of_others >= 0).sum(axis=1), 1) * (tags >= 0).sum()
            cosines = (cosines + shared / np.sqrt(counts)) / 2
        near = (cosines >= least) & (found != row)
        return found[near], cosines[near]

    def _weights(self, numbers: _Numbers) -> _Floats:
        """How much words count: the rarer, the more (inverse document frequency); 0 for -1, and for common words."""
        counts = self._counts[numbers] if len(self._counts) else np.zeros(numbers.shape)
        counted = (numbers >= 0) & (counts <= MAX_TITLES_OF_WORD)
        return np.where(counted, np.log((1 + self._titles) / (1 + counts)), 0.0)

    def _add(self, row: int, title: str) -> None:
        numbers = [self._numbers.setdefault(word, len(self._numbers)) for word in words_of(title)]
        self._counts, self._words = _long(self._counts, len(self._numbers), 0), _long(self._words, row + 1, -1)
        self._rows += (array("q") for _ in range(len(self._numbers) - len(self._rows)))
        self._titles += 1
        self._counts[numbers] += 1
        self._words[row, : len(numbers)] = numbers
        for number in numbers:
            self._rows[number].append(row)


def _long(numbers: _Numbers, size: int, fill: int) -> _Numbers:
    """The same numbers in an array that is at least so long, and doubles."""
    if size <= len(numbers):
        return numbers
    more = np.full((2 * size - len(numbers), *numbers.shape[1:]), fill)
    return np.concatenate([numbers, more])
