"""Recount the repeats of experiments: shown places whose video the user had acted on before the list was handed out.

A worker counts a list when it reads its event, by the user's profile as far as it has read the actions by then. So an
action that came shortly before the list may not be in the profile yet: which ones were is in no log. What the logs say
is a range. All repeats are its upper end, since workers leave out what was acted on after the hand-out. Its lower end
are the repeats whose video was first acted on `LAG_S` or more before it.
"""

from collections import defaultdict
from collections.abc import Callable
from math import inf
from typing import Final, NamedTuple

from recomind.model.served_lists import ServedListEvent

LAG_S: Final = 60.0
"""Time, in seconds of the log, within which a worker has read the actions of its users."""

HasSeen = Callable[[str], bool]
"""Whether a user has acted on a video."""


class Repeats(NamedTuple):
    """How many repeats an arm may have."""

    certain: int = 0
    """Those that a worker has certainly known of, unless it lagged behind by `LAG_S`."""
    all: int = 0


class _HandOut(NamedTuple):
    """A list that was handed out."""

    at: float
    """By the clock of the log, epoch seconds."""
    event: ServedListEvent
    experiments: tuple[str, ...]
    """Those for which it counts."""


class RepeatRecount:
    """Counts the repeats of lists, in the order of the log of actions."""

    def __init__(self) -> None:
        self.found: defaultdict[tuple[str, str], Repeats] = defaultdict(Repeats)
        """Experiment and arm to its repeats."""
        self._open: dict[str, list[_HandOut]] = {}
        """User to the lists whose repeats are not counted yet."""
        self._first: dict[str, dict[str, float]] = {}
        """User to the videos that they have first acted on within `LAG_S` before their latest action, and when."""

    def put(self, at: float, event: ServedListEvent, experiments: tuple[str, ...]) -> None:
        """Note a list that was handed out at a time, and counts for experiments; it may be read ahead of actions."""
        if experiments:
            self._open.setdefault(event.user_id, []).append(_HandOut(at, event, experiments))

    def note(self, user_id: str, logged_at: float, video_id: str, has_seen: HasSeen) -> None:
        """Count the lists that were handed out before something that a user does, and note what that is.

        Args:
            user_id: the user.
            logged_at: when it was logged, epoch seconds.
            video_id: the video that is acted on; empty if the user is erased.
            has_seen: says what they had acted on before it.
        """
        if user_id in self._open:
            self._count(user_id, logged_at, has_seen)
        if not video_id:
            self._first.pop(user_id, None)
        elif not has_seen(video_id):
            known = self._first.get(user_id, {})
            recent = {video: at for video, at in known.items() if at > logged_at - LAG_S}
            self._first[user_id] = recent | {video_id: logged_at}

    def settle(self, has_seen_of: Callable[[str], HasSeen]) -> None:
        """Count all lists that are left, once all actions of their users are noted."""
        for user_id in list(self._open):
            self._count(user_id, inf, has_seen_of(user_id))
        self._first.clear()

    def _count(self, user_id: str, until: float, has_seen: HasSeen) -> None:
        """Count a user's lists that were handed out until a time."""
        first = self._first.get(user_id, {})
        for at, event, experiments in [one for one in self._open[user_id] if one.at <= until]:
            acted_on = [first.get(one, -inf) for one in event.video_ids if has_seen(one)]
            repeats = [one for one in acted_on if one < at]
            certain = sum(one <= at - LAG_S for one in repeats)
            for experiment in experiments:
                key = experiment, event.arms[experiment]
                self.found[key] = Repeats(self.found[key].certain + certain, self.found[key].all + len(repeats))
        left = [one for one in self._open[user_id] if one.at > until]
        if left:
            self._open[user_id] = left
        else:
            del self._open[user_id]
