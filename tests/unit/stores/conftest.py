"""An in-memory read model, and a ranking cache over it."""

import pytest

from recomind.stores.archive import Archive
from recomind.stores.ranking_cache import RankingCache
from recomind.stores.read_model import ReadModel
from tests.unit.stores.samples import Clock, RecordingStore


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return RecordingStore(clock)


@pytest.fixture
def read_model(store):
    return ReadModel(store)


@pytest.fixture
def cache(read_model, clock):
    return RankingCache.create(read_model, Archive(""), partitions=1, ttl=2.0, clock=clock)
