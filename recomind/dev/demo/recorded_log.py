"""A recorded log for the demo: what is in it, and its times, moved to now.

Without that, the actions of visitors would be the only recent ones beside an old log, and would fill the trending
list. So the log's times are shifted to end now, or each action is stamped when it is sent.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import time
from typing import Final, NamedTuple

import msgspec

from recomind.errors import InputError
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.offline.datasets import read_actions, read_videos

ACTIONS_PER_REPORT: Final = 50_000


class RecordedLog(NamedTuple):
    """A log that has been read once, so that its faults are known before anything is started."""

    folder: Path
    limit: int | None
    videos: tuple[Video, ...]
    actions: int
    """How many there are, at most `limit`."""
    first_at: float
    """Event time of the first action, epoch seconds."""
    last_at: float
    """Event time of the last one."""
    popular: tuple[str, str]
    """The two videos with the most likes, for examples."""

    def shifted_actions(self, by: float) -> Iterator[Action]:
        """Its actions, each `by` seconds later."""
        for one in read_actions(self.folder, self.limit):
            yield Action(one.user_id, one.video_id, one.action_type, one.timestamp + by, one.event_id)

    def shifted_videos(self, by: float) -> Iterator[Video]:
        """Its videos, each uploaded `by` seconds later, but not after now."""
        for video in self.videos:
            created_at = min(video.created_at + by, time()) if video.created_at else 0.0
            yield msgspec.structs.replace(video, created_at=created_at)


def read_log(folder: Path, limit: int | None, on_progress: Callable[[int], None]) -> RecordedLog:
    """Read a log from its first to its last line.

    Raises:
        InputError: a file is missing or has a fault, or there is no video or no action.
    """
    videos, likes = tuple(read_videos(folder)), Counter[str]()
    number, first_at, last_at = 0, 0.0, 0.0
    for number, action in enumerate(read_actions(folder, limit), 1):
        first_at, last_at = first_at or action.timestamp, max(last_at, action.timestamp)
        if action.action_type == "like":
            likes[action.video_id] += 1
        if number % ACTIONS_PER_REPORT == 0:
            on_progress(number)
    if not (videos and number):
        raise InputError(f"{folder} has {len(videos)} videos and {number} actions: the demo needs some of both")
    return RecordedLog(folder, limit, videos, number, first_at, last_at, _popular(videos, likes))


def _popular(videos: Iterable[Video], likes: Counter[str]) -> tuple[str, str]:
    """The two with the most likes; if the catalogue has one video only, that one twice."""
    ids = sorted((video.video_id for video in videos), key=lambda video_id: -likes[video_id])
    return ids[0], ids[min(1, len(ids) - 1)]
