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
from recomind.recommender.index.columns import Floats, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.masks import Mask, Masks, padded

MAX_OVERRIDES: Final = 8_192
"""Videos that are matched by themselves before all rules are compiled again."""

_KEYED_FIELDS: Final = frozenset({"tag", "label", "language", "creator", "video"})


class ActiveRule(NamedTuple):
    """A rule that acts now."""

    rule_id: str
    rule: Rule
    conditions: Filter


class CompiledRules:
    """The rules of a scenario over an index. Rules are numbered by their ids in alphabetical order."""

    def __init__(self, index: VideoIndex, masks: Masks, rules: Sequence[ActiveRule]) -> None:
        self.rules = sorted(rules, key=lambda one: one.rule_id)
        self.ids = [one.rule_id for one in self.rules]
        kinds = {one.rule.action for one in self.rules}
        self.has_filters, self.has_caps = "filter" in kinds, "cap" in kinds
        self.has_shifts = bool(kinds & {"boost", "bury"})
        self._limits = {number: one.rule.at_most for number, one in enumerate(self.rules) if one.rule.action == "cap"}
        self.pins: list[tuple[int, list[tuple[int, int]]]] = []
        """(place, [(number, row), ...]), ascending: at each place the first pin whose video may be shown counts."""
        self.pinned: Rows = np.empty(0, np.int64)
        """The rows of all pins."""
        self.filtered_by: NDArray[np.int64] = np.empty(0, np.int64)
        """The first rule that filters each row out; -1 for none."""
        self.shift: Floats = np.empty(0)
        """What is added to the score of each row."""
        self.is_capped: Mask = np.empty(0, np.bool_)
        """Whether a cap counts the row."""
        self._index = index
        self._masks = masks
        self._position = -1
        self._ends: Rows = np.empty(0, np.int64)
        self._numbers: Rows = np.empty(0, np.int64)
        """Numbers of the rules other than filters that match, row by row; those of a row are before its entry of
        `_ends`."""
        self._overrides: dict[int, tuple[int, ...]] = {}
        """The same for rows that were matched by themselves."""
        self._caps: dict[int, tuple[tuple[int, int], ...]] = {}
        self._moving: dict[int, Rows] = {}
        """What `caps_of` and `moving` have returned."""
        self._by_key: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._unkeyed: list[int] = []
        self._fill_inverted_index()

    def update(self) -> "CompiledRules":
        """Catch up with the catalogue; returns itself."""
        metadata = self._index.metadata
        changed = None if self._position < 0 else metadata.changed_since(self._position)
        if changed is None or len(self._overrides) + len(changed) > MAX_OVERRIDES:
            self._compile()
        else:
            self._grow()
            for row in changed:
                self._match_again(row)
        self._position = metadata.position
        return self

    def matched(self, row: int) -> tuple[int, ...]:
        """The numbers of the rules other than filters and pins that match a row, ascending."""
        found = self._overrides.get(row)
        if found is not None:
            return found
        if row >= len(self._ends):
            return ()
        start = int(self._ends[row - 1]) if row else 0
        return tuple(self._numbers[start : self._ends[row]].tolist())

    def caps_of(self, row: int) -> tuple[tuple[int, int], ...]:
        """(number, most videos) of the caps that count a row."""
        found = self._caps.get(row)
        if found is None:
            matched, limits = self.matched(row), self._limits
            found = self._caps[row] = tuple((number, limits[number]) for number in matched if number in limits)
        return found

    def moving(self, row: int) -> Rows:
        """The numbers of the rules that move a row."""
        found = self._moving.get(row)
        if found is None:
            numbers = [number for number in self.matched(row) if number not in self._limits]
            found = self._moving[row] = np.array(numbers, np.int64)
        return found

    def matching(self, video: Video) -> list[int]:
        """The numbers of all rules that match an entry, ascending."""
        known = set(self._unkeyed)
        for key in _keys_of(video):
            known.update(self._by_key.get(key, ()))
        return sorted(number for number in known if matches(self.rules[number].conditions, video))

    def _compile(self) -> None:
        self._place_pins()
        capacity, size = len(self._index.columns.listed), self._index.size
        self.filtered_by = np.full(capacity, -1, np.int64)
        self.shift, self.is_capped = np.zeros(capacity), np.zeros(capacity, np.bool_)
        for known in (self._overrides, self._caps, self._moving):
            known.clear()
        matched_rows, matched_numbers = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for number, one in enumerate(self.rules):
            rows = self._masks.rows_of(one.conditions)
            if one.rule.action == "filter":
                self.filtered_by[rows[self.filtered_by[rows] < 0]] = number
            elif one.rule.action != "pin":
                matched_rows.append(rows)
                matched_numbers.append(np.full(len(rows), number))
                self.shift[rows] += shift_of(one.rule)
                self.is_capped[rows] |= one.rule.action == "cap"
        by_row = np.concatenate(matched_rows)
        order = np.argsort(by_row, kind="stable")
        self._numbers = np.concatenate(matched_numbers)[order]
        self._ends = np.searchsorted(by_row[order], np.arange(size), side="right")

    def _place_pins(self) -> None:
        """Find the rows of pinned videos; they never change."""
        at: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, one in enumerate(self.rules):
            if one.rule.action == "pin":
                rows = self._index.rows_of(one.conditions[0].values).tolist()
                at[one.rule.place] += [(number, row) for row in rows]
        self.pins = sorted(at.items())
        self.pinned = np.unique(np.array([row for _, pins in self.pins for _, row in pins], np.int64))

    def _match_again(self, row: int) -> None:
        video = self._index.videos.get(row)
        numbers = [] if video is None else self.matching(video)
        filters = [number for number in numbers if self.rules[number].rule.action == "filter"]
        others = [number for number in numbers if self.rules[number].rule.action not in {"filter", "pin"}]
        self.filtered_by[row] = filters[0] if filters else -1
        self.shift[row] = sum((shift_of(self.rules[number].rule) for number in others), 0.0)
        self.is_capped[row] = any(self.rules[number].rule.action == "cap" for number in others)
        self._overrides[row] = tuple(others)
        self._caps.pop(row, None)
        self._moving.pop(row, None)

    def _grow(self) -> None:
        size, columns = self._index.size, self._index.columns
        self.filtered_by = padded(self.filtered_by, size, columns, -1).astype(np.int64, copy=False)
        self.shift = padded(self.shift, size, columns, 0.0).astype(float, copy=False)
        self.is_capped = padded(self.is_capped, size, columns, False).astype(np.bool_, copy=False)

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
