"""The most liked videos by window and tag, kept up to date like by like.

Log-scores keep their order while time goes on (see `state.popularity`), so a list changes only by the videos that
are liked: nothing has to be sorted anew because an hour has passed. A window's list is ordered by likes with the
half-life that is the window's length; whoever reads it counts the window itself, of these few.
"""

from collections.abc import Iterable, Mapping
from heapq import nlargest
from typing import Final

from recomind.state.popularity import HALF_LIVES, HOUR, Scores

WINDOWS: Final[Mapping[str, float]] = {"1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR}
"""The windows, in seconds; each is one of the half-lives of scores."""

EVERY_TAG: Final = ""
"""In the place of a tag: all videos."""

KEEP: Final = 50
"""Videos of a list."""

_PLACES: Final = {name: HALF_LIVES.index(seconds) for name, seconds in WINDOWS.items()}

Lists = dict[str, list[tuple[str, float]]]
"""Window to (video id, log-score), best first."""


class Leaders:
    """Lists of one partition's videos."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, dict[str, float]]] = {}
        self._changed: set[str] = set()

    def put(self, video_id: str, liked: Scores, tags: Iterable[str]) -> None:
        """Take a video's scores in, under all videos and under each of its tags."""
        for tag in (EVERY_TAG, *tags):
            windows = self._lists.setdefault(tag, {name: {} for name in WINDOWS})
            for name, place in _PLACES.items():
                windows[name][video_id] = liked[place]
                if len(windows[name]) > 2 * KEEP:
                    windows[name] = dict(_best(windows[name]))
            self._changed.add(tag)

    def changes(self) -> dict[str, Lists]:
        """The lists of the tags that have changed since they were last asked for."""
        changed, self._changed = self._changed, set()
        return {tag: {name: _best(scores) for name, scores in self._lists[tag].items()} for tag in sorted(changed)}


def _best(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    return nlargest(KEEP, scores.items(), key=lambda entry: (entry[1], entry[0]))
