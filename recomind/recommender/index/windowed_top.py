"""The most liked videos by window and tag, updated like by like.

Log-scores keep their order as time passes (see `state.popularity`), so a list changes only when one of its videos is
liked or changes its tags. A window's list is ordered by likes decayed with a half-life of the window's length; its
reader counts the window itself, for these few videos.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from recomind.model.text import tag_key
from recomind.recommender.index.top_k import ScoredTopK
from recomind.state.popularity import HALF_LIVES_S, HOUR_S, Popularity

WINDOWS: Final[Mapping[str, float]] = {"1h": HOUR_S, "24h": 24 * HOUR_S, "7d": 168 * HOUR_S}
"""Window to its length in seconds, which is also one of the half-lives of scores."""

ALL_TAGS: Final = ""
"""The key, in place of a tag, of the lists of all videos."""

LIST_LENGTH: Final = 50
"""Videos of a list."""

_HALF_LIFE_INDEX: Final = {name: HALF_LIVES_S.index(seconds) for name, seconds in WINDOWS.items()}

WindowLists = dict[str, list[tuple[str, float]]]
"""Window to (video id, log-score), best first; empty where no video has been liked."""


class WindowedTopLists:
    """The lists of one partition's videos."""

    def __init__(self) -> None:
        self._lists = defaultdict[str, dict[str, ScoredTopK]](
            lambda: {name: ScoredTopK(LIST_LENGTH) for name in WINDOWS}
        )
        """Key of a tag to window to list."""
        self._changed_tags: set[str] = set()

    def put(self, video_id: str, popularity: Popularity, tags: Iterable[str]) -> None:
        """Set a video's scores in the lists of all videos and of each of its tags. A video without likes is left out.

        Scores may not fall: where one has, make new lists from all videos.
        """
        if popularity.first_likes:
            for tag in dict.fromkeys((ALL_TAGS, *map(tag_key, tags))):
                for name, top in self._lists[tag].items():
                    top.set_score(video_id, popularity.like_scores[_HALF_LIFE_INDEX[name]])
                self._changed_tags.add(tag)

    def clear_if_listed(self, tag: str, video_id: str) -> bool:
        """Empty the lists of a tag if they hold a video; the caller then puts all other videos of the tag again."""
        tag = tag_key(tag)
        is_listed = any(video_id in top.candidates for top in self._lists.get(tag, {}).values())
        if is_listed:
            del self._lists[tag]
            self._changed_tags.add(tag)
        return is_listed

    def mark_changed(self, tags: Iterable[str]) -> None:
        """Have `take_changed` return the lists of tags, whether they have changed or not."""
        self._changed_tags.update(map(tag_key, tags))

    def take_changed(self) -> dict[str, WindowLists]:
        """Key of a tag to its lists, for the tags that have changed since the last call."""
        changed, self._changed_tags = self._changed_tags, set()
        return {tag: {name: top.entries() for name, top in self._lists.get(tag, {}).items()} for tag in sorted(changed)}
