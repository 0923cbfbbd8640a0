"""Rules as arrays by row, so that a thousand rules cost a list as much as a few.

They are compiled when the active rules change. A video whose entry changes is matched again by itself: an inverted
index of the rules finds the few that can match it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomind.model.catalogue import Video
from recomind.model.filters import Filter, matches
from recomind.model.rules import Rule
from recomind.model.text import tag_key
from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.masks import Mask, Masks, padded
from recomind.recommender.policy.pins import PinChoice

NO_CAP: Final = -1
SEVERAL_CAPS: Final = -2

MAX_OVERRIDES: Final = 8_192
"""Videos that are matched by themselves before all rules are compiled again."""

_KEYED_FIELDS: Final = frozenset({"tag", "label", "language", "creator", "video"})


class ActiveRule(NamedTuple):
    """A rule that acts now."""

    rule_id: str
    rule: Rule
    conditions: Filter


class _Numbers(NamedTuple):
    """Numbers of rules row by row."""

    numbers: Rows
    starts: Rows
    """Where those of each row start, and one more: shape (rows + 1,)."""

    @classmethod
    def join(cls, matched: Sequence[tuple[int, Rows]], size: int) -> "_Numbers":
        """From (number, rows that it matches), ascending by number, of so many rows."""
        by_row = np.concatenate([NO_ROWS, *(rows for _, rows in matched)])
        numbers = np.repeat(np.array([number for number, _ in matched], np.int64), [len(rows) for _, rows in matched])
        order = np.argsort(by_row, kind="stable")
        return cls(numbers[order], np.searchsorted(by_row[order], np.arange(size + 1)))

    def of(self, row: int) -> list[int]:
        """The numbers of a row, ascending; none for a row that is newer."""
        if row + 1 >= len(self.starts):
            return []
        found: list[int] = self.numbers[self.starts[row] : self.starts[row + 1]].tolist()
        return found

    def of_all(self, rows: Rows) -> tuple[Rows, Rows]:
        """The numbers of some rows, one row after the other; and the position of the row of each."""
        size = len(self.starts) - 1  # rows from here on are newer, and have none
        starts, ends = self.starts.take(np.minimum(rows, size)), self.starts.take(np.minimum(rows + 1, size))
        counts = ends - starts
        numbers = self.numbers.take(np.repeat(ends - counts.cumsum(), counts) + np.arange(counts.sum()))
        return numbers, np.repeat(np.arange(len(rows)), counts)


_NO_NUMBERS: Final = _Numbers(NO_ROWS, np.zeros(1, np.int64))


class CompiledRules:
    """The rules of a scenario over an index. Rules are numbered by their ids in alphabetical order."""

    def __init__(self, index: VideoIndex, masks: Masks, rules: Sequence[ActiveRule]) -> None:
        self.rules = sorted(rules, key=lambda one: one.rule_id)
        self.ids = [one.rule_id for one in self.rules]
        kinds = {one.rule.action for one in self.rules}
        self.has_filters, self.has_caps = "filter" in kinds, "cap" in kinds
        self.has_shifts = bool(kinds & {"boost", "bury"})
        self.pins: Rows = np.empty((3, 0), np.int64)
        """Place, row and number of each pin, ascending by place and number: at each place the first pin whose video may
        be shown counts."""
        self.pin_choices: dict[bytes, PinChoice] = {}
        """Which of the pins of a list may be shown, a byte for each, to the choice of them."""
        self.filtered_by: NDArray[np.int64] = np.empty(0, np.int64)
        """The first rule that filters each row out; -1 for none."""
        self.shift: Floats = np.empty(0)
        """What is added to the score of each row."""
        self.cap_of: NDArray[np.int64] = np.empty(0, np.int64)
        """The number of the cap that counts the row; `NO_CAP` for none, `SEVERAL_CAPS` for more than one."""
        self.limits: Rows = np.array([one.rule.at_most for one in self.rules], np.int64)
        """The most videos of the cap of a number."""
        self._index = index
        self._masks = masks
        self._position = -1
        self._caps, self._moving = _NO_NUMBERS, _NO_NUMBERS
        """The caps, and the boosts and buries, that match each row."""
        self._overrides: dict[int, tuple[int, ...]] = {}
        """The numbers of both that match a row that was matched by itself."""
        self._by_key: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._unkeyed: list[int] = []
        self._fill_inverted_index()

    def update(self) -> "CompiledRules":
        """Catch up with the catalogue; returns itself."""
        metadata = self._index.metadata
        if metadata.position == self._position and len(self.shift) >= self._index.size:
            return self
        self.pin_choices.clear()
        changed = None if self._position < 0 else metadata.changed_since(self._position)
        if changed is None or len(self._overrides) + len(changed) > MAX_OVERRIDES:
            self._compile()
        else:
            self._grow()
            for row in changed:
                self._match_again(row)
        self._position = metadata.position
        return self

    def caps_of(self, row: int) -> list[tuple[int, int]]:
        """(number, most videos) of the caps that count a row."""
        found = self._overrides.get(row)
        numbers = self._caps.of(row) if found is None else [number for number in found if self._is_cap(number)]
        return [(number, self.rules[number].rule.at_most) for number in numbers]

    def moving(self, row: int) -> list[int]:
        """The numbers of the rules that move a row."""
        found = self._overrides.get(row)
        return self._moving.of(row) if found is None else [number for number in found if not self._is_cap(number)]

    def moving_all(self, rows: Rows) -> tuple[Rows, Rows]:
        """The numbers of the rules that move some rows, row by row, and the position of the row of each."""
        if not self._overrides or self._overrides.keys().isdisjoint(rows.tolist()):
            return self._moving.of_all(rows)
        found = [(number, position) for position, row in enumerate(rows.tolist()) for number in self.moving(row)]
        numbers, positions = np.array(found, np.int64).reshape(-1, 2).T
        return numbers, positions

    @property
    def pinned(self) -> Rows:
        """The rows of all pins."""
        rows: Rows = self.pins[1]
        return rows

    def pins_at_most(self, place: int) -> Rows:
        """The pins at a place or before it, shape (3, pins)."""
        return self.pins[:, : int(self.pins[0].searchsorted(place, side="right"))]

    def among(self, rows: Rows, few: Rows) -> Mask:
        """Whether each row is one of a few, shape (rows,)."""
        scratch = self._index.columns.scratch_index
        scratch[rows] = 0
        scratch[few] = 1
        found: Mask = scratch.take(rows) == 1
        return found

    def _is_cap(self, number: int) -> bool:
        return self.rules[number].rule.action == "cap"

    def matching(self, video: Video) -> list[int]:
        """The numbers of all rules that match an entry, ascending."""
        known = set(self._unkeyed)
        for key in _keys_of(video):
            known.update(self._by_key.get(key, ()))
        return sorted(number for number in known if matches(self.rules[number].conditions, video))

    def _compile(self) -> None:
        self._place_pins()
        capacity, size = len(self._index.columns.listed), self._index.size
        self.filtered_by, self.cap_of = np.full(capacity, -1, np.int64), np.full(capacity, NO_CAP, np.int64)
        self.shift = np.zeros(capacity)
        self._overrides.clear()
        caps, moving = list[tuple[int, Rows]](), list[tuple[int, Rows]]()
        for number, one in enumerate(self.rules):
            rows = self._masks.rows_of(one.conditions)
            if one.rule.action == "filter":
                self.filtered_by[rows[self.filtered_by[rows] < 0]] = number
            elif one.rule.action == "cap":
                caps.append((number, rows))
                self.cap_of[rows] = np.where(self.cap_of[rows] == NO_CAP, number, SEVERAL_CAPS)
            elif one.rule.action != "pin":
                moving.append((number, rows))
                self.shift[rows] += shift_of(one.rule)
        self._caps, self._moving = _Numbers.join(caps, size), _Numbers.join(moving, size)

    def _place_pins(self) -> None:
        """Find the rows of pinned videos; they never change."""
        pinning = [(number, one) for number, one in enumerate(self.rules) if one.rule.action == "pin"]
        found = [
            (one.rule.place, row, number)
            for number, one in sorted(pinning, key=lambda one: one[1].rule.place)
            for row in self._index.rows_of(one.conditions[0].values).tolist()
        ]
        self.pins = np.array(found, np.int64).reshape(-1, 3).T

    def _match_again(self, row: int) -> None:
        video = self._index.videos.get(row)
        numbers = [] if video is None else self.matching(video)
        filters = [number for number in numbers if self.rules[number].rule.action == "filter"]
        others = [number for number in numbers if self.rules[number].rule.action not in {"filter", "pin"}]
        self.filtered_by[row] = filters[0] if filters else -1
        self.shift[row] = sum((shift_of(self.rules[number].rule) for number in others), 0.0)
        self._overrides[row] = tuple(others)
        caps = self.caps_of(row)
        self.cap_of[row] = NO_CAP if not caps else caps[0][0] if len(caps) == 1 else SEVERAL_CAPS

    def _grow(self) -> None:
        size, columns = self._index.size, self._index.columns
        self.filtered_by = padded(self.filtered_by, size, columns, -1).astype(np.int64, copy=False)
        self.shift = padded(self.shift, size, columns, 0.0).astype(float, copy=False)
        self.cap_of = padded(self.cap_of, size, columns, NO_CAP).astype(np.int64, copy=False)

    def _fill_inverted_index(self) -> None:
        for number, one in enumerate(self.rules):
            keyed = next((c for c in one.conditions if c.field in _KEYED_FIELDS and not c.is_excluded), None)
            if keyed is None:
                self._unkeyed.append(number)
            else:
                for value in keyed.values:
                    self._by_key[keyed.field, value].append(number)


def shift_of(rule: Rule) -> float:
    """What a rule adds to the score of a video, which is a log-odds; 0 for rules that do not move it."""
    return {"boost": log(rule.factor), "bury": -log(rule.factor)}.get(rule.action, 0.0)


def _keys_of(video: Video) -> Iterator[tuple[str, str]]:
    """(field, value) of all that a condition may ask a video for."""
    yield "video", video.video_id
    for tag in video.tags:
        yield "tag", tag_key(tag)
    for label in video.labels:
        yield "label", tag_key(label)
    if video.creator_id is not None:
        yield "creator", video.creator_id
    parts = (video.language or "").split("-")
    for count in range(1, len(parts) + 1):
        yield "language", "-".join(parts[:count])
