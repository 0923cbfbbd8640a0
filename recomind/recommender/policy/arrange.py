"""Arrange scored candidates by rules: caps of rules, spread, caps on neighbours, then pins.

Filters come before everything: nothing here brings in a video that they exclude. A cap of a rule holds for the whole
list, also where it makes the list shorter or leaves a pin out. Caps on neighbours give way where candidates run out,
and count neither pins nor new uploads that are drawn later.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from recomind.recommender.diversify import Caps, diversify
from recomind.recommender.index.columns import NO_ROWS, Floats, Rows
from recomind.recommender.index.seen import are_listed_unseen
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.cap_budget import CapBudget
from recomind.recommender.policy.compiled_rules import NO_CAP, CompiledRules
from recomind.recommender.policy.masks import Mask
from recomind.recommender.policy.pins import MAX_CHOICES, NO_PINS, Pin, PinChoice
from recomind.recommender.policy.policy import Policy
from recomind.recommender.policy.rule_effects import RuleEffects
from recomind.recommender.pool import popular_unseen

RESERVE: Final = 3
"""Arrangers, spread and caps of rules choose among so many times the places; caps on neighbours, among all."""


class RankedByPolicy(Protocol):
    """Candidates that were ranked under a policy."""

    @property
    def policy(self) -> Policy | None: ...  # noqa: D102
    @property
    def filtered_by(self) -> Rows: ...  # noqa: D102


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
    rules = policy.rules
    choice = NO_PINS if rules is None else _choose_pins(index, policy, rules, seen, n)
    budget, pinned, places = CapBudget(rules, choice), choice.rows, n - len(choice.pins)
    caps, reserve = policy.caps or Caps(), RESERVE * n
    has_caps = rules is not None and rules.has_caps
    chosen = budget.within_caps(rows, pinned, reserve if has_caps and not caps.is_strict else len(rows))
    ordered = rows[chosen]
    if policy.spread and len(ordered):
        first = spread_out(index, ordered[:reserve], scores[chosen[:reserve]], policy.spread, places)
        ordered = np.concatenate([first, ordered[reserve:]])
    if rules is not None and has_caps and len(ordered) < places:
        present = np.concatenate([ordered, pinned])
        ordered = np.concatenate([ordered, _uncapped(index, policy, rules, seen, present, places)])
    return Arranged(diversify(index, ordered, caps, places), choice.pins, budget.left_out)


def permits(policy: Policy | None, pins: Sequence[Pin] = ()) -> Callable[[Rows], Mask] | None:
    """Says of new uploads which may be drawn: those that the list may hold, and that no cap counts; None for all."""
    if policy is None or (policy.eligibility is None and policy.rules is None):
        return None
    pinned = np.array([pin.row for pin in pins], np.int64)

    def may_be_drawn(rows: Rows) -> Mask:
        found = np.ones(len(rows), np.bool_)
        if policy.rules is not None and len(pinned):
            found = ~policy.rules.among(rows, pinned)
        if policy.eligibility is not None:
            found &= policy.eligibility.of(rows)
        if policy.rules is not None and policy.rules.has_caps:
            found &= policy.rules.cap_of.take(rows) == NO_CAP
        return found

    return may_be_drawn


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


def _choose_pins(index: VideoIndex, policy: Policy, rules: CompiledRules, seen: bytes, n: int) -> PinChoice:
    """The pins of a list: most users may be shown the same ones, so choices are remembered."""
    candidates = rules.pins_at_most(n)
    if not candidates.size:
        return NO_PINS
    rows = candidates[1]
    may_be_shown = are_listed_unseen(index.columns, rows, seen)
    if policy.eligibility is not None:
        may_be_shown &= policy.eligibility.of(rows)
    key = may_be_shown.tobytes()
    found = rules.pin_choices.get(key)
    if found is None:
        if len(rules.pin_choices) >= MAX_CHOICES:
            rules.pin_choices.clear()
        found = rules.pin_choices[key] = _first_pins(rules, candidates[:, may_be_shown])
    return found


def _first_pins(rules: CompiledRules, candidates: Rows) -> PinChoice:
    """At most one pin a place: the first of its rules with a video that is not pinned yet.

    Args:
        rules: whose caps count.
        candidates: place, row and number of pins whose videos may be shown, as `CompiledRules.pins`.
    """
    budget, found, last = CapBudget(rules), dict[int, Pin](), 0
    for place, row, number in candidates.T.tolist():
        if place != last and row not in found and budget.take(row):
            found[row] = Pin(place, row, number)
            last = place
    return PinChoice(tuple(found.values()), np.array([*found], np.int64), budget.used, budget.left_out)


def _uncapped(index: VideoIndex, policy: Policy, rules: CompiledRules, seen: bytes, present: Rows, n: int) -> Rows:
    """Popular unseen videos that no cap counts, to fill a list that caps have made too short."""
    rows = np.arange(index.size)
    rows = rows[rules.cap_of.take(rows) == NO_CAP]
    if policy.eligibility is not None:
        rows = rows[policy.eligibility.of(rows)]
    found = popular_unseen(index, seen, n + len(present), rows)
    return found[~np.isin(found, present)][: max(0, n - len(present))]
