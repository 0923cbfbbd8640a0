"""Signals and state for tests of the stores."""

from recomind.model.signals import ActionSignal
from recomind.state import popularity
from recomind.state.popularity import Popularity
from recomind.stores.memory_store import InMemoryStore


def likes_of(video, *users, history=()):
    return [ActionSignal(video, 0, at, 5.0 + at, user, "like", False, history) for at, user in enumerate(users, 1)]


def popularity_of(video, *users):
    return popularity.fold(Popularity(), likes_of(video, *users))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class RecordingStore(InMemoryStore):
    """A store that records which keys were read."""

    def __init__(self, clock):
        super().__init__(clock)
        self.read_keys = []

    async def get_many(self, keys):
        self.read_keys += keys
        return await super().get_many(keys)
