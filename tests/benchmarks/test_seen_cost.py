"""An action costs the same, however much its user has seen."""

import asyncio
import json
from time import process_time

import pytest

from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.settings import Settings
from recomind.state import profile_fold
from recomind.state.profile import Profile
from recomind.state.user_blocks import UserBlocks
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.batches import Batch
from recomind.worker import create_app
from recomind_agents.profiles import ProfileProcessor
from recomind_tables import older_feedback, profiles, seen_blocks
from tests.unit.runtime.empty_served_lists import without_served_lists
from tests.unit.stream.records import action_record

KINDS = ("like", "view", "skip")
BATCH, BATCHES, ROUNDS = 16, 16, 60


class Producer:
    """Acknowledges everything at once."""

    async def send_in_order(self, topic, partition, records):
        for record in records:
            assert record.value


class User:
    """A user who has seen so many videos, and the values that the tables have for them."""

    def __init__(self, name, seen):
        self.name, self.seen, self.blocks, self.profile = name, seen, UserBlocks(), Profile()
        for offset in range(seen):
            action = Action(name, f"v{offset}", KINDS[offset % 3], 1.6e9 + offset)
            blocks = self.blocks.of_user(name, self.profile)
            after, _ = profile_fold.fold(self.profile, SourceOffset(0, offset), action, *blocks)
            self.profile = self.blocks.seal_after(name, self.profile, after)

    def batches(self):
        for start in range(self.seen, self.seen + BATCH * BATCHES, BATCH):
            yield [action_record(self.action(offset), offset, 0) for offset in range(start, start + BATCH)]

    def action(self, offset):
        body = {"user_id": self.name, "video_id": f"v{offset}", "action_type": KINDS[offset % 3]}
        return json.dumps(body).encode()


class Processing:
    """The processor of one partition, over stores in memory."""

    def __init__(self):
        self.app = create_app(Settings(partitions=1), ReadModel(InMemoryStore()), Archive(""))
        self.app.kafka_producer = Producer()
        self.app.send_records = self.send_nothing
        self.blocks = seen_blocks.declare(self.app)
        self.older = older_feedback.declare(self.app)
        self.profiles = profiles.declare(self.app, self.blocks, self.older)
        for table in (self.blocks, self.older, self.profiles):
            table._recovery = {0: asyncio.create_task(asyncio.sleep(0))}
        without_served_lists(self.app)
        self.processor = ProfileProcessor(self.app, self.profiles, self.blocks, self.older)

    async def send_nothing(self, topic, records):
        """Signals are not followed up."""

    async def seconds(self, user):
        """Processor time for 256 actions of a user, each sixteen of them committed: as many as a block holds."""
        self.blocks._values, self.profiles._values = {0: dict(user.blocks.seen)}, {0: {user.name: user.profile}}
        self.older._values = {0: dict(user.blocks.older)}
        batches = [Batch("video_actions_stream", 0, records) for records in user.batches()]
        self.processor._search.of_user(user.name, user.profile)(0)  # as after the user's last like
        started = process_time()
        for batch in batches:
            await self.processor.process(batch)
            assert await self.app.before_commit()
        return process_time() - started


@pytest.mark.slow
async def test_an_action_of_a_user_who_has_seen_50000_videos_costs_as_much_as_one_of_a_user_with_100():
    processing, few, many = Processing(), User("few", 100), User("many", 50_000)
    assert many.profile.seen_blocks == 259  # a third are likes, and all but 48 of these have a fingerprint, too
    assert many.profile.older_blocks == 519  # the same likes can be undone
    rounds = [(await processing.seconds(few), await processing.seconds(many)) for _ in range(ROUNDS)]
    first, second = map(min, zip(*rounds, strict=True))  # the least disturbed
    print(f"{1e6 * second / (BATCH * BATCHES):.1f} us an action, {second / first:.3f} times that of a user with 100")
    assert second <= 1.2 * first
