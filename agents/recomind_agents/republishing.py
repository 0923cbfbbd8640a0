"""Notice values that Redis has lost one by one, and publish them again from the tables.

A whole partition that Redis has lost is noticed by its epoch (see `popularity`). Single keys get lost where Redis
deletes some to make room for others, or where somebody deletes them. Values of videos and blocks of seen videos have no
TTL, so the owner of a partition looks for each of them, some a second. Profiles expire: they are looked for after Redis
has deleted keys.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from mode.utils.logging import get_logger

from recomind.model.ids import Partition
from recomind.runtime.app import RecoMindApp
from recomind.state.seen_blocks import block_of_key
from recomind.stores import keys

logger = get_logger(__name__)

CHECK_INTERVAL_S: Final = 1.0
"""Time between checks."""

MAX_KEYS_PER_CHECK: Final = 1_000
"""Keys looked for at a time; it keeps Redis busy for less than a millisecond."""

KEYS: Final[Mapping[str, Callable[[str], str]]] = {
    "popularity": keys.video_popularity,
    "neighbours": keys.video_neighbours,
    "seen_blocks": lambda key: keys.seen_block(*block_of_key(key)),
    "profiles": keys.user_state,
}
"""Table to the Redis key of a value."""

WITHOUT_TTL: Final = ("popularity", "neighbours", "seen_blocks")
"""The tables whose values do not expire in Redis."""


class Place(NamedTuple):
    """Where a value is."""

    table: str
    partition: Partition
    key: str


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.timer(CHECK_INTERVAL_S)(MissingValues(app).publish_next)


class MissingValues:
    """Goes through the keys of this worker's partitions, again and again."""

    def __init__(self, app: RecoMindApp) -> None:
        self._app = app
        self._round: Iterator[Place] = iter(())
        self._evicted = (0, -1)
        """Keys that Redis had deleted when the last round began, and the generation of the group then."""

    async def publish_next(self) -> None:
        """Look for the next keys, and publish those that are missing."""
        places = list(islice(self._round, MAX_KEYS_PER_CHECK))
        if not places:
            self._round = self._places(await self._may_lack_profiles())
            places = list(islice(self._round, MAX_KEYS_PER_CHECK))
        by_key = {KEYS[one.table](one.key): one for one in places}
        missing = await self._app.read_model.store.absent(list(by_key))
        published = sum(self._publish(by_key[key]) for key in missing)
        if published:
            logger.warning("Redis has lost %d values: they are published again", published)

    async def _may_lack_profiles(self) -> bool:
        """Whether Redis has deleted keys since the last round began, or had before these partitions were ours."""
        evicted = await self._app.read_model.store.evicted_keys()
        before, self._evicted = self._evicted, (evicted, self._app.consumer_generation_id)
        if not evicted or before == self._evicted:
            return False
        for republish in self._app.checks.on_eviction:
            republish()
        return True

    def _places(self, with_profiles: bool) -> Iterator[Place]:
        for name in KEYS if with_profiles else WITHOUT_TTL:
            table = self._app.state_tables[name]
            for partition in table.partitions:
                for key in table.keys(partition):
                    yield Place(name, partition, key)

    def _publish(self, place: Place) -> bool:
        """Have a value published; False if this worker has none, or none to publish."""
        table = self._app.state_tables[place.table]
        value = table.get(place.partition, place.key) if place.partition in table.partitions else None
        if value is None or getattr(value, "is_erased", False):
            return False
        self._app.table_writers[place.table].add(place.key, value)
        return True
