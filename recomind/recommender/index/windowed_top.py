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


class Best:
    """The videos with the largest scores, `keep` of them: right as long as a video's score does not fall."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._scores: dict[str, float] = {}

    def put(self, video_id: str, score: float) -> None:
        """A video's score from now on."""
        self._scores[video_id] = score
        if len(self._scores) > 2 * self._keep:
            self._scores = dict(self.first())

    def first(self) -> list[tuple[str, float]]:
        """(video id, score), best first; ties go to the larger id."""
        return nlargest(self._keep, self._scores.items(), key=lambda entry: (entry[1], entry[0]))


class Leaders:
    """Lists of one partition's videos."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, Best]] = {}
        self._changed: set[str] = set()

    def put(self, video_id: str, liked: Scores, tags: Iterable[str]) -> None:
        """Take a video's scores in, under all videos and under each of its tags."""
        for tag in (EVERY_TAG, *tags):
            windows = self._lists.setdefault(tag, {name: Best() for name in WINDOWS})
            for name, place in _PLACES.items():
                windows[name].put(video_id, liked[place])
            self._changed.add(tag)

    def changes(self) -> dict[str, Lists]:
        """The lists of the tags that have changed since they were last asked for."""
        changed, self._changed = self._changed, set()
        return {tag: {name: best.first() for name, best in self._lists[tag].items()} for tag in sorted(changed)}
