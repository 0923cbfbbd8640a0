"""Which videos have returned to lists lately: shown again after they were hidden, or had expired, or put again.

A stored list that was ranked before lacks such a video. So each return has the number of the change that made it, a
list carries the numbers that its worker knew when it was ranked, and a worker that knows another one has it ranked
again.

A worker notes a return when it applies the change. Workers exchange returns by a stream in Redis, where the lists are:
one that has just started learns of those before.
"""

from collections.abc import Callable, Iterable
from time import time
from typing import Final

import msgspec

from recomind.model.ids import VideoId
from recomind.recommender.index.video_index import VideoIndex
from recomind.stores import keys
from recomind.stores.key_value import KeyValueStore

MAX_RETURNS: Final = 64
"""Returns that a list carries: the latest ones. Of more at a time, a list that lacks any of these is ranked again."""

RETENTION_S: Final = float(keys.RETURNED_VIDEOS_TTL_S)
"""Time after which a return is forgotten: no stored list is older."""


class Return(msgspec.Struct, frozen=True, array_like=True):
    """A video is in lists again."""

    video_id: VideoId
    number: int
    """Of the change that made it; see `CatalogueChange`."""
    at: float
    """When a worker applied the change, epoch seconds."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Return]).decode


class ReturnedVideos:
    """The latest returns that this worker has applied. Their numbers are in `VideoIndex.returned`."""

    def __init__(
        self, index: VideoIndex, version_of: Callable[[VideoId], int], clock: Callable[[], float] = time
    ) -> None:
        """Know of no return yet.

        Args:
            index: gets the numbers, so that ranking tells which ones it knew.
            version_of: the number of the latest change of a video that this worker has applied.
            clock: epoch seconds.
        """
        self.listeners: list[Callable[[], None]] = []
        """Called when a video has returned."""
        self._index = index
        self._version_of = version_of
        self._clock = clock
        self._known: dict[int, Return] = {}
        self._unpublished: dict[int, Return] = {}
        """Noted here, but not in the stream yet."""
        self._waiting: dict[int, Return] = {}
        """Noted by other workers, of changes that this one has yet to apply."""
        self._position = "0"
        """In the stream."""

    def note(self, video_id: VideoId, number: int) -> None:
        """Note that a change which was applied just now has a video in lists again."""
        one = Return(video_id, number, self._clock())
        self._unpublished = _latest([*self._unpublished.values(), one])
        self._add([one])

    async def exchange(self, store: KeyValueStore) -> None:
        """Publish what was noted here, and learn what other workers have noted since the last time."""
        unpublished, messages = self._unpublished, [b""]
        if unpublished:
            await store.append(keys.RETURNED_VIDEOS, _encode(list(unpublished.values())), keys.RETURNED_VIDEOS_TTL_S)
            self._unpublished = {number: one for number, one in self._unpublished.items() if number not in unpublished}
        while messages:
            self._position, messages = await store.read_stream(keys.RETURNED_VIDEOS, self._position)
            self._waiting |= {one.number: one for message in messages for one in _decode(message)}
        applied = [one for one in self._waiting.values() if self._version_of(one.video_id) >= one.number]
        self._waiting = _latest(self._retained(one for one in self._waiting.values() if one not in applied))
        self._add(applied)

    def _add(self, some: Iterable[Return]) -> None:
        """Know of returns whose changes have been applied."""
        before = set(self._known)
        self._known = _latest(self._retained([*some, *self._known.values()]))
        self._index.returned = tuple(self._known)
        if not before.issuperset(self._known):
            for notify in self.listeners:
                notify()

    def _retained(self, some: Iterable[Return]) -> list[Return]:
        """Those of which a stored list may be older."""
        since = self._clock() - RETENTION_S
        return [one for one in some if one.at > since]


def _latest(some: Iterable[Return]) -> dict[int, Return]:
    """The latest returns by number, in ascending order."""
    by_number = {one.number: one for one in some}
    return {number: by_number[number] for number in sorted(by_number)[-MAX_RETURNS:]}
