"""Filters over the whole catalogue: boolean arrays by row, cached, which catch up with changes of the catalogue."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recomind.model.filters import Condition, Filter, is_language
from recomind.recommender.index.columns import NO_ROWS, Columns, Floats, Rows
from recomind.recommender.index.video_index import VideoIndex

Mask = NDArray[np.bool_]

MAX_MASKS: Final = 128
"""Filters whose masks are cached; a mask takes a byte a video."""

FEW_ROWS: Final = 64
"""Up to so many rows are looked up one by one; for more, an array of all rows is filled."""

MANY_NUMBERS: Final = 8
"""From more values than these on, searching all at once is faster than comparing with each."""


def padded(array: NDArray[np.generic], size: int, columns: Columns, empty: float) -> NDArray[np.generic]:
    """An array by row with room for `size` rows, as long as the columns if it has to grow."""
    if size <= len(array):
        return array
    return np.concatenate([array, np.full(len(columns.listed) - len(array), empty, array.dtype)])


class Masks:
    """Evaluates filters on an index."""

    def __init__(self, index: VideoIndex) -> None:
        self._index = index
        self._cached: OrderedDict[Filter, tuple[int, Mask]] = OrderedDict()
        """Filter to the position in the log of changes, and the mask at that position."""

    def of(self, conditions: Filter) -> Mask:
        """Whether a filter holds for each row: an array of `index.size` values at least."""
        metadata, index = self._index.metadata, self._index
        position, mask = self._cached.pop(conditions, (-1, np.zeros(0, np.bool_)))
        changed = None if position < 0 else metadata.changed_since(position)
        if changed is None:
            mask = np.zeros(len(index.columns.listed), np.bool_)
            mask[: index.size] = self.holds(conditions, np.arange(index.size))
        else:
            mask = padded(mask, index.size, index.columns, False).astype(np.bool_, copy=False)
            if changed:
                rows = np.array(changed, np.int64)
                mask[rows] = self.holds(conditions, rows)
        self._cached[conditions] = metadata.position, mask
        if len(self._cached) > MAX_MASKS:
            self._cached.popitem(last=False)
        return mask

    def holds(self, conditions: Iterable[Condition], rows: Rows) -> Mask:
        """Whether conditions hold together for some rows, shape (rows,)."""
        found = np.ones(len(rows), np.bool_)
        for one in conditions:
            holds = _EVALUATE[one.field](self._index, one, rows)
            found &= ~holds if one.is_excluded else holds
        return found

    def rows_of(self, conditions: Filter) -> Rows:
        """The rows for which a filter holds, ascending. One condition finds them, the others are tested for these."""
        for place, one in enumerate(conditions):
            if one.field in _POSTINGS and not one.is_excluded:
                rows = _sorted_rows(_POSTINGS[one.field](self._index, one))
                return rows[self.holds(conditions[:place] + conditions[place + 1 :], rows)]
        rows = np.arange(self._index.size)
        return rows[self.holds(conditions, rows)]


def is_in(postings: Iterable[Collection[int]], rows: Rows, size: int) -> Mask:
    """Whether each row is in one of some sets of rows."""
    known = [one for one in postings if one]
    if not known:
        return np.zeros(len(rows), np.bool_)
    if len(rows) <= FEW_ROWS:
        return np.fromiter((any(row in one for one in known) for row in rows.tolist()), np.bool_, len(rows))
    found = np.zeros(size, np.bool_)
    for one in known:
        found[np.fromiter(one, np.int64, len(one))] = True
    return found.take(rows)


def _sorted_rows(postings: Iterable[Collection[int]]) -> Rows:
    parts = [np.fromiter(one, np.int64, len(one)) for one in postings]
    return np.unique(np.concatenate([NO_ROWS, *parts]))


def _tags(index: VideoIndex, one: Condition) -> list[Collection[int]]:
    known = (index.tag_rows.get(value) for value in one.values)
    return [index.top_lists.rows_of_tag(tag) for tag in known if tag is not None]


def _labels(index: VideoIndex, one: Condition) -> list[Collection[int]]:
    return [index.metadata.label_rows.get(value, set()) for value in one.values]


def _videos(index: VideoIndex, one: Condition) -> list[Collection[int]]:
    return [{index.rows[video_id] for video_id in one.values if video_id in index.rows}]


def _creator(index: VideoIndex, one: Condition, rows: Rows) -> Mask:
    numbers = [index.creator_rows[value] for value in one.values if value in index.creator_rows]
    return _equals(index.columns.creator.take(rows), numbers)


def _language(index: VideoIndex, one: Condition, rows: Rows) -> Mask:
    known = index.metadata.languages.items()
    numbers = [number for language, number in known if any(is_language(language, wanted) for wanted in one.values)]
    return _equals(index.columns.language.take(rows), numbers)


def _title(index: VideoIndex, one: Condition, rows: Rows) -> Mask:
    titles = [index.metadata.titles.get(row, "") for row in rows.tolist()]
    found = np.zeros(len(rows), np.bool_)
    for wanted in one.values:
        places: Iterable[int] = range(len(titles)) if wanted else ()
        for part in [f" {word}" for word in wanted.split()]:
            places = [place for place in places if part in titles[place]]
        found[list(places)] = True
    return found


def _country(index: VideoIndex, one: Condition, rows: Rows) -> Mask:
    allowed = is_in([index.metadata.country_rows.get(value, set()) for value in one.values], rows, index.size)
    return allowed | ~index.columns.is_restricted.take(rows)


def _equals(values: Rows, numbers: list[int]) -> Mask:
    if len(numbers) > MANY_NUMBERS:
        return np.isin(values, numbers)
    found = np.zeros(len(values), np.bool_)
    for number in numbers:
        found |= values == number
    return found


def _in_ranges(values: Floats, one: Condition) -> Mask:
    found = np.zeros(len(values), np.bool_)
    for low, high in one.ranges:
        found |= (values >= low) & (values <= high)
    return found


_POSTINGS: Final[dict[str, Callable[[VideoIndex, Condition], list[Collection[int]]]]] = {
    "tag": _tags,
    "label": _labels,
    "video": _videos,
}

_EVALUATE: Final[dict[str, Callable[[VideoIndex, Condition, Rows], Mask]]] = {
    "tag": lambda index, one, rows: is_in(_tags(index, one), rows, index.size),
    "label": lambda index, one, rows: is_in(_labels(index, one), rows, index.size),
    "video": lambda index, one, rows: is_in(_videos(index, one), rows, index.size),
    "title": _title,
    "creator": _creator,
    "language": _language,
    "country": _country,
    "age": lambda index, one, rows: _in_ranges(index.columns.age_rating.take(rows), one),
    "duration": lambda index, one, rows: _in_ranges(index.columns.duration_s.take(rows), one),
}
