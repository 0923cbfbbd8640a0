"""Arrange scored candidates by rules: caps of rules, spread, caps on neighbours, then pins.

Filters come before everything: nothing here brings in a video that they exclude. A cap of a rule holds for the whole
list, also where it makes the list shorter or leaves a pin out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from recomind.recommender.diversify import Caps, diversify
from recomind.recommender.exploration import Explored
from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.recommender.index.seen import are_listed_unseen
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.compiled_rules import NO_CAP, SEVERAL_CAPS, CompiledRules
from recomind.recommender.policy.masks import Mask
from recomind.recommender.policy.policy import Policy
from recomind.recommender.policy.rule_effects import RuleEffects
from recomind.recommender.pool import popular_unseen

RESERVE: Final = 3
"""So many times the places are arranged: caps on neighbours need some to choose from."""


class RankedByPolicy(Protocol):
    """Candidates that were ranked under a policy."""

    @property
    def policy(self) -> Policy | None: ...  # noqa: D102
    @property
    def filtered_by(self) -> Rows: ...  # noqa: D102


class Pin(NamedTuple):
    """A video that a rule puts at a place."""

    place: int
    """From 1."""
    row: int
    number: int
    """Of the rule."""


class Arranged(NamedTuple):
    """The videos of a list without the pinned ones, and the pins."""

    rows: list[int]
    pins: tuple[Pin, ...] = ()
    capped: Mapping[int, int] = {}
    """Number of a rule to how many videos its cap left out."""


def arrange(index: VideoIndex, rows: Rows, scores: Floats, policy: Policy, seen: bytes, n: int) -> Arranged:
    """Arrange candidates for a list of `n` places.

    Args:
        index: the index that rows belong to.
        rows: candidates that may be in the list, best first.
        scores: theirs, of equal length.
        policy: of the request.
        seen: 4-byte hashes of videos that the user has acted on.
        n: places.
    """
    rules, budget = policy.rules, _Budget(policy.rules)
    pins = () if rules is None else _pins(index, policy, rules, seen, n, budget)
    places, pinned = n - len(pins), {pin.row for pin in pins}
    chosen = budget.within_caps(rows, pinned, RESERVE * n)
    ordered = rows[chosen]
    if policy.spread and len(ordered):
        ordered = spread_out(index, ordered, scores[chosen], policy.spread, places)
    if rules is not None and rules.has_caps and len(ordered) < places:
        ordered = np.concatenate([ordered, _uncapped(index, policy, rules, seen, [*ordered.tolist(), *pinned], places)])
    return Arranged(diversify(index, ordered, policy.caps or Caps(), places), pins, budget.left_out)


def permits(policy: Policy | None, pins: Sequence[Pin] = ()) -> Callable[[Rows], Mask] | None:
    """Says of new uploads which may be drawn: those that the list may hold, and that no cap counts; None for all."""
    if policy is None or (policy.eligibility is None and policy.rules is None):
        return None
    pinned = {pin.row for pin in pins}

    def may_be_drawn(rows: Rows) -> Mask:
        found = np.ones(len(rows), np.bool_)
        if policy.rules is not None and pinned:
            found = ~policy.rules.among(rows, pinned)
        if policy.eligibility is not None:
            found &= policy.eligibility.of(rows)
        if policy.rules is not None and policy.rules.has_caps:
            found &= policy.rules.cap_of.take(rows) == NO_CAP
        return found

    return may_be_drawn


def with_pins(explored: Explored, pins: Sequence[Pin]) -> Explored:
    """Put pinned videos at their places; the others move down."""
    if not pins:
        return explored
    rows, propensities = explored.rows.tolist(), explored.propensities.tolist()
    for pin in sorted(pins):
        rows.insert(pin.place - 1, pin.row)
        propensities.insert(pin.place - 1, 1.0)
    return Explored(np.array(rows, np.int64), np.array(propensities), explored.drawn)


def effects(ranked: RankedByPolicy, rows: Rows, arranged: Arranged) -> RuleEffects | None:
    """What rules did in a list: which filtered proposed videos out, pinned videos, or left some out by a cap."""
    rules = None if ranked.policy is None else ranked.policy.rules
    if rules is None:
        return None
    numbers = [pin.number for pin in arranged.pins]
    for number, left_out in arranged.capped.items():
        numbers += [number] * left_out
    acted = np.concatenate([ranked.filtered_by, np.array(numbers, np.int64)])
    return RuleEffects(rules, rows if rules.has_shifts else NO_ROWS, acted)


def spread_out(index: VideoIndex, rows: Rows, scores: Floats, spread: float, n: int) -> Rows:
    """Order candidates by maximal marginal relevance, the first `n` of them; the rest follows in its order.

    The next is the one with the largest (1 - spread) * score - spread * similarity, with scores scaled to [0, 1] and
    the largest similarity to those before it: 1 for the same creator, else the cosine of the tags.
    Carbonell and Goldstein, "The use of MMR", 1998.
    """
    span = float(scores.max() - scores.min()) or 1.0
    value, similarity = (1 - spread) * (scores - scores.min()) / span, _similarities(index, rows)
    closest, left, order = np.zeros(len(rows)), np.ones(len(rows), np.bool_), list[int]()
    for _ in range(min(n, len(rows))):
        best = int(np.argmax(np.where(left, value - spread * closest, -np.inf)))
        order.append(best)
        left[best] = False
        np.maximum(closest, similarity[best], out=closest)
    return rows[[*order, *np.flatnonzero(left).tolist()]]


def _similarities(index: VideoIndex, rows: Rows) -> Floats:
    """Similarity of each two of some rows, shape (rows, rows)."""
    tags, creators = index.columns.tags[rows], index.columns.creator[rows]
    _, numbers = np.unique(tags, return_inverse=True)
    has_tag = np.zeros((len(rows), int(numbers.max()) + 1))
    np.put_along_axis(has_tag, numbers.reshape(tags.shape), 1.0, axis=1)
    if (tags < 0).any():
        has_tag[:, 0] = 0.0  # the number of "no tag", which is the smallest value
    lengths = np.sqrt(np.maximum(has_tag.sum(axis=1), 1.0))
    cosines: Floats = has_tag @ has_tag.T / np.outer(lengths, lengths)
    same = (creators[:, None] == creators[None, :]) & (creators >= 0)[:, None]
    cosines[same] = 1.0
    return cosines


class _Budget:
    """Counts the videos of a list that the caps of rules count."""

    def __init__(self, rules: CompiledRules | None) -> None:
        self._rules = rules
        self._used: dict[int, int] = {}
        self.left_out: dict[int, int] = {}

    def take(self, row: int) -> bool:
        """Count a video; False if a cap has no room for it."""
        if self._rules is None or not self._rules.has_caps:
            return True
        used, caps, has_room = self._used, self._rules.caps_of(row), True
        for number, most in caps:
            if number in used and used[number] >= most:
                has_room = False
                self.left_out[number] = self.left_out.get(number, 0) + 1
        if has_room:
            for number, _ in caps:
                used[number] = used.get(number, 0) + 1
        return has_room

    def within_caps(self, rows: Rows, pinned: set[int], n: int) -> Rows:
        """The positions of the first `n` rows that are not pinned and within the caps."""
        rules = self._rules
        if rules is None or not (pinned or rules.has_caps):
            return np.arange(min(n, len(rows)))
        positions = np.flatnonzero(~rules.among(rows, pinned)) if pinned else np.arange(len(rows))
        if not rules.has_caps:
            return positions[:n]
        caps = rules.cap_of.take(rows.take(positions))
        if (caps == SEVERAL_CAPS).any():
            return self._within_several(rows, positions, caps, n)
        capped = np.flatnonzero(caps != NO_CAP)
        numbers = caps[capped]
        used = np.zeros(len(rules.ids), np.int64)
        used[list(self._used)] = list(self._used.values())
        full = capped[_earlier_equal(numbers) >= (rules.limits - used).take(numbers)]
        is_free = np.ones(len(positions), np.bool_)
        is_free[full] = False
        chosen = np.flatnonzero(is_free)[:n]
        end = int(chosen[-1]) + 1 if len(chosen) == n else len(positions)
        for number in caps[full[full < end]].tolist():
            self.left_out[number] = self.left_out.get(number, 0) + 1
        return positions[chosen]

    def _within_several(self, rows: Rows, positions: Rows, caps: Rows, n: int) -> Rows:
        """As `within_caps`, one by one: a video that one cap leaves out is not counted by the others."""
        chosen: list[int] = []
        for position, cap in zip(positions.tolist(), caps.tolist(), strict=True):
            if cap == NO_CAP or self.take(int(rows[position])):
                chosen.append(position)
                if len(chosen) == n:
                    break
        return np.array(chosen, np.int64)


def _earlier_equal(values: Rows) -> Rows:
    """How many earlier values equal each value.

    >>> _earlier_equal(np.array([7, 3, 7, 7])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(values, kind="stable")
    ordered, found = values[order], np.empty(len(values), np.int64)
    found[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered)
    return found


def _pins(
    index: VideoIndex, policy: Policy, rules: CompiledRules, seen: bytes, n: int, budget: _Budget
) -> tuple[Pin, ...]:
    """At most one pin a place: the first of its rules with a video that may be shown and is not pinned yet."""
    pins, found, used = rules.pins_at_most(n), list[Pin](), set[int]()
    if not pins.size:
        return ()
    _, rows, _ = pins
    may_be_shown = are_listed_unseen(index.columns, rows, seen)
    if policy.eligibility is not None:
        may_be_shown &= policy.eligibility.of(rows)
    pins, caps, last = pins[:, may_be_shown], rules.cap_of.take(rows[may_be_shown]), 0
    for place, row, number, cap in zip(*pins.tolist(), caps.tolist(), strict=True):
        if place != last and row not in used and (cap == NO_CAP or budget.take(row)):
            found.append(Pin(place, row, number))
            used.add(row)
            last = place
    return tuple(found)


def _uncapped(index: VideoIndex, policy: Policy, rules: CompiledRules, seen: bytes, present: list[int], n: int) -> Rows:
    """Popular unseen videos that no cap counts, to fill a list that caps have made too short."""
    rows = np.arange(index.size)
    rows = rows[rules.cap_of.take(rows) == NO_CAP]
    if policy.eligibility is not None:
        rows = rows[policy.eligibility.of(rows)]
    found = popular_unseen(index, seen, n + len(present), rows)
    return found[~np.isin(found, present)][: max(0, n - len(present))]
