"""A commit leaves no action below a watermark whose list is pending, and no partition without a watermark."""

import pytest

from recomind.model.signals import SourceOffset
from recomind.runtime.refresh_queue import Priority
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.worker import create_app
from recomind_agents import watermarks
from recomind_tables import older_feedback, profiles, seen_blocks


@pytest.fixture
def app():
    made = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    profiles.declare(made, seen_blocks.declare(made), older_feedback.declare(made))
    watermarks.declare(made)
    return made


async def test_after_a_commit_no_pending_action_is_below_the_watermark(app):
    await app.read_model.put_watermarks({0: {0: 11}}, {})
    app.refresh_queue.adopt(0, {}, {0: 11}, {0: 11})  # the changelog had a value with offset 10, and lost one with 5
    app.refresh_queue.add(0, {"u": Profile(applied_offsets={0: 5})}, [SourceOffset(0, 5)])
    assert await app.before_commit()
    assert await app.read_model.watermark(0) == {0: 5}


async def test_a_commit_adopts_a_partition_whose_watermark_is_invalid_and_queues_its_outdated_lists(app):
    app.state_tables["profiles"]._values = {0: {"u": Profile(applied_offsets={0: 5})}}
    await app.read_model.put_watermarks({0: {0: 5}}, {})
    await app.read_model.begin_publishing(0)
    app.refresh_queue.invalidate_watermark(0)
    assert await app.before_commit()
    assert list(app.refresh_queue.next_batch(Priority.OUTDATED, 9)) == ["u"]
    assert await app.read_model.watermark(0) == {0: 0}
