"""How often a video was shown and liked in each local context, and how popular it is in each country.

Counts are those of served places, as `Popularity.impressions` and `shown_likes`: impressions, likes, and the sum of the
chances of a like that were expected without the local context. A context whose likes exceed what was expected does
better than elsewhere, whoever happens to be there, and whatever was chosen for them.

Popularity in a country is the log-score of first likes with a half-life of a day, served or not. A video has at most
`MAX_COUNTRIES` countries of its own, the first to come; later ones count without the country. So all of it takes at
most 4 KB, and follows from the signals in their order.
"""

from collections.abc import Iterable, Mapping
from math import inf, log
from typing import Final

import msgspec

from recomind.model.local_context import NO_LOCAL_CONTEXT, country_of, quarter_of
from recomind.model.signals import CORRECTION, OUTCOME, UNDONE, ActionSignal, PassedOverSignal, UndoSignal
from recomind.state.forward_decay import log_add_each, log_subtract_each

MAX_COUNTRIES: Final = 32

DAY_RATE: Final = log(2) / 86_400
"""Decay rate of popularity in a country, per second."""

LocalCount = tuple[int, int, float]
"""Impressions, likes, and expected likes."""

_Signal = ActionSignal | PassedOverSignal | UndoSignal


class LocalCounts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The counts of a video."""

    shown: Mapping[str, LocalCount] = {}
    """By local context, in the order of the first impression."""
    scores: Mapping[str, float] = {}
    """Country to the log-score of first likes."""


NO_LOCAL_COUNTS: Final = LocalCounts()


def add_local(counts: LocalCounts, signals: Iterable[_Signal]) -> LocalCounts:
    """Add signals, each of which counts; the same counts if none has a local context."""
    local = [one for one in signals if one.local != NO_LOCAL_CONTEXT]
    if not local:
        return counts
    shown, scores = dict(counts.shown), dict(counts.scores)
    for signal in local:
        _add_shown(shown, scores, signal)
        if type(signal) is not PassedOverSignal and signal.action_type == "like":
            _add_score(scores, signal)
    return LocalCounts(shown, scores)


def _add_shown(shown: dict[str, LocalCount], scores: Mapping[str, float], signal: _Signal) -> None:
    """Count what a signal says of a served place."""
    outcome, is_like = (
        (OUTCOME, False) if type(signal) is PassedOverSignal else (signal.outcome, signal.action_type == "like")
    )
    impressions = int(outcome == OUTCOME)
    likes = -1 if outcome == UNDONE else int(is_like and outcome in {OUTCOME, CORRECTION})
    if not (impressions or likes):
        return
    key = _own_key(signal.local, {country_of(one) for one in shown} | scores.keys())
    expected = 0.0 if type(signal) is UndoSignal else signal.expected * impressions
    before = shown.get(key, (0, 0, 0.0))
    shown[key] = before[0] + impressions, max(0, before[1] + likes), before[2] + expected


def _add_score(scores: dict[str, float], signal: ActionSignal | UndoSignal) -> None:
    """Count a first like in its country, or its undo."""
    country = country_of(signal.local)
    if type(signal) is UndoSignal:
        left = log_subtract_each((scores.pop(country, -inf),), (DAY_RATE * signal.acted_at,))[0]
        if left > -inf:
            scores[country] = left
    elif country and not signal.is_repeat and (country in scores or len(scores) < MAX_COUNTRIES):
        scores[country] = log_add_each((scores.get(country, -inf),), (DAY_RATE * signal.timestamp,))[0]


def _own_key(local: str, countries: set[str]) -> str:
    """The key under which a local context counts: without its country if the video has enough of them."""
    is_own = country_of(local) in countries or len(countries) < MAX_COUNTRIES
    return local if is_own else quarter_of(local)
