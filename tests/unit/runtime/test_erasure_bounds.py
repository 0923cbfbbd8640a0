"""Which rerouted records an erasure includes although they stand behind it."""

import asyncio
from types import SimpleNamespace

import pytest

from recomind.errors import UnavailableError
from recomind.model.signals import SourceOffset, rerouted_source
from recomind.runtime import erasure_bounds
from recomind.runtime.erasure_bounds import was_counted_before
from recomind.state.forgetting import Erasure

SOURCE = rerouted_source(1, 3)


class Erasures:
    def __init__(self):
        self.values = {}

    async def recovered(self, partition):
        assert partition == 3

    def get(self, partition, key):
        assert partition == 3
        return self.values.get(key)


@pytest.fixture
def app():
    return SimpleNamespace(state_tables={"forgetting": Erasures()})


@pytest.mark.parametrize(("offset", "expected"), [(6, True), (7, True), (8, False)])
async def test_what_the_profile_had_applied_was_counted_before(app, offset, expected):
    app.state_tables["forgetting"].values["3:u"] = Erasure({3: 90, SOURCE: 7}, 100)
    assert await was_counted_before(app, 3, SourceOffset(SOURCE, offset), "u", 100) is expected
    assert not await was_counted_before(app, 3, SourceOffset(rerouted_source(2, 3), offset), "u", 100)


async def test_it_waits_for_the_signal_of_the_erasure(app):
    erasures = app.state_tables["forgetting"].values
    erasures["3:u"] = Erasure({SOURCE: 2}, 50)
    waiting = asyncio.create_task(was_counted_before(app, 3, SourceOffset(SOURCE, 7), "u", 100))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    erasures["3:u"] = Erasure({SOURCE: 7}, 100)
    assert await waiting


async def test_it_does_not_wait_for_ever(app, monkeypatch):
    monkeypatch.setattr(erasure_bounds, "MAX_WAIT_S", 0.0)
    with pytest.raises(UnavailableError, match="no signal of the erasure 3:100"):
        await was_counted_before(app, 3, SourceOffset(SOURCE, 7), "u", 100)
