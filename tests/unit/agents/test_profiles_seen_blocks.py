"""The agents that fold profiles and rank lists, over stores in memory: no video is shown again, whatever fails."""

import asyncio
import json

import msgspec
import numpy as np
import pytest

from recomind.errors import UnavailableError
from recomind.model.catalogue import Video, VideoSummary
from recomind.model.events import Action
from recomind.model.signals import SourceOffset
from recomind.runtime.metrics import values_by_label
from recomind.runtime.publishing import republish
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.state.profile_fold import fold
from recomind.state.seen_blocks import block_key, block_of_videos
from recomind.state.user_blocks import UserBlocks
from recomind.stores import seen_blocks as stored_blocks
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.batches import Batch
from recomind.worker import create_app
from recomind_agents.profiles import ProfileProcessor
from recomind_agents.refresher import Refresher
from recomind_tables import older_feedback, profiles, seen_blocks
from tests.unit.runtime.empty_served_lists import without_served_lists
from tests.unit.stream.records import action_record

VIDEOS = [f"v{number}" for number in range(2100)]
FORGET = b'{"user_id":"me","action_type":"forget"}'


class Changelogs:
    """What Kafka has acknowledged, by topic and key; may become unavailable after some more records."""

    def __init__(self):
        self.values = {}
        self.records_left = None

    async def send_in_order(self, topic, partition, records):
        for record in records:
            if self.records_left is not None:
                if not self.records_left:
                    raise UnavailableError("Kafka", OSError("away"))
                self.records_left -= 1
            values = self.values.setdefault(topic, {})
            if record.value is None:
                values.pop(record.key.decode(), None)
            else:
                values[record.key.decode()] = record.value
        await asyncio.sleep(0)


class Worker:
    """A worker of all partitions, which restores its tables from the changelogs."""

    def __init__(self, changelogs, store, partitions=1):
        self.app = create_app(Settings(partitions=partitions), ReadModel(store), Archive(""))
        self.app.kafka_producer = changelogs
        self.app.send_records = self.send_nothing
        self.blocks = seen_blocks.declare(self.app)
        self.older = older_feedback.declare(self.app)
        self.profiles = profiles.declare(self.app, self.blocks, self.older)
        for table in (self.blocks, self.older, self.profiles):
            restored = changelogs.values.get(table.topic, {})
            table._values = {one: dict(restored) for one in range(partitions)}
            table._recovery = dict.fromkeys(range(partitions), asyncio.create_task(asyncio.sleep(0)))
        without_served_lists(self.app)
        self.processor = ProfileProcessor(self.app, self.profiles, self.blocks, self.older)
        self.refresher = Refresher(self.app)
        for number, video_id in enumerate(VIDEOS):
            video = Video(video_id=video_id, title="T", tags=(f"t{number % 30}",), created_at=1e9 + number)
            self.app.ranking_cache.index.put_video(video)

    async def send_nothing(self, topic, records):
        """Signals are not followed up."""

    async def process(self, log, start, partition=0):
        records = [action_record(value, offset, partition) for offset, value in enumerate(log[start:], start)]
        if records:
            await self.processor.process(Batch("video_actions_stream", partition, records))

    async def shown(self):
        """The videos in the user's list, ranked from what has been processed."""
        while self.app.refresh_queue:
            await self.refresher.work(self.app.refresh_queue.first_priority)
        found = await self.app.read_model.lists_of(["me"])
        return [one.video_id for one in msgspec.json.decode(found["me"], type=list[VideoSummary])]


class Redis(InMemoryStore):
    """A store that may be emptied."""

    def empty(self):
        self._values.clear()


def action(video_id, draw):
    kind = ("like", "view", "skip")[draw.integers(3)]
    return json.dumps({"user_id": "me", "video_id": video_id, "action_type": kind}).encode()


@pytest.mark.parametrize("seed", range(3))
async def test_no_video_is_shown_again_in_2000_over_crashes_failed_commits_and_losses_of_redis(seed):
    draw, changelogs, redis = np.random.default_rng(seed), Changelogs(), Redis()
    worker, log, committed, seen = Worker(changelogs, redis), [action(VIDEOS[0], draw)], 0, {VIDEOS[0]}
    await worker.process(log, 0)
    while len(seen) < 2000:
        shown = await worker.shown()
        assert shown
        assert seen.isdisjoint(shown)
        position = len(log)
        log += [action(video_id, draw) for video_id in shown]
        seen.update(shown)
        await worker.process(log, position)
        if draw.random() < 0.5:
            committed = len(log) if await worker.app.before_commit() else committed
        if draw.random() < 0.2:
            changelogs.records_left = int(draw.integers(3))
            await worker.app.before_commit()  # it may fail half-way; in any case the worker is killed after it
            changelogs.records_left = None
            worker = Worker(changelogs, redis)
            worker.app.refresh_queue.add(0, dict(worker.profiles.items(0)), [])
            await worker.process(log, committed)
        if draw.random() < 0.1:
            redis.empty()
            await republish(worker.app, 0)
    assert await worker.app.before_commit()
    await assert_consistent(worker, blocks=7)
    assert_older_feedback_is_that_of_the_log(worker, log)


async def assert_consistent(worker, blocks):
    """Every block is in the table and the changelog, and one of seen videos in Redis; no other is."""
    profile = worker.profiles[0, "me"]
    older_keys = {block_key("me", number) for number in range(profile.older_blocks)}
    assert {key for key, _ in worker.older.items(0)} == older_keys
    assert worker.app.kafka_producer.values[worker.older.topic].keys() == older_keys
    assert profile.seen_blocks >= blocks
    keys = {block_key("me", number) for number in range(profile.seen_blocks)}
    assert {key for key, _ in worker.blocks.items(0)} == keys
    assert worker.app.kafka_producer.values[worker.blocks.topic].keys() == keys
    places = [("me", number) for number in range(profile.seen_blocks + 20)]
    found = await stored_blocks.get(worker.app.read_model.store, places)
    assert found == {("me", number): worker.blocks[0, block_key("me", number)] for number in range(profile.seen_blocks)}


def assert_older_feedback_is_that_of_the_log(worker, log):
    """The profile and its blocks are those that a fold of the whole log makes at once."""
    profile, blocks = Profile(), UserBlocks()
    for offset, value in enumerate(log):
        sent = json.loads(value)
        act = Action("me", sent["video_id"], sent["action_type"], action_record(value, offset, 0).timestamp / 1000)
        after, _ = fold(profile, SourceOffset(0, offset), act, *blocks.of_user("me", profile))
        profile = blocks.seal_after("me", profile, after)
    found = worker.profiles[0, "me"]
    assert (found.likes, found.older, found.older_blocks) == (profile.likes, profile.older, profile.older_blocks)
    assert profile.older_blocks >= 15
    assert dict(worker.older.items(0)) == blocks.older


@pytest.mark.parametrize("crash_after", [None, 0, 1, 2, 3, 4, 8, 12])
async def test_an_erasure_removes_the_blocks_everywhere_wherever_it_is_interrupted(crash_after):
    draw, changelogs, redis = np.random.default_rng(0), Changelogs(), Redis()
    worker = Worker(changelogs, redis)
    log = [action(video_id, draw) for video_id in VIDEOS[:900]]
    await worker.process(log, 0)
    assert await worker.app.before_commit()
    assert (len(worker.blocks), len(worker.older)) == (3, 7)
    log.append(FORGET)
    await worker.process(log, 900)
    if crash_after is not None:
        changelogs.records_left = crash_after
        await worker.app.before_commit()
        changelogs.records_left = None
        worker = Worker(changelogs, redis)
        await worker.process(log, 900)
    assert await worker.app.before_commit()
    assert len(worker.blocks) == len(changelogs.values[worker.blocks.topic]) == 0
    assert len(worker.older) == len(changelogs.values[worker.older.topic]) == 0
    assert [key async for key in redis.scan_keys("seen_block:")] == []
    log += [action(video_id, draw) for video_id in VIDEOS[:400]]
    await worker.process(log, 901)
    assert await worker.app.before_commit()
    await assert_consistent(worker, blocks=1)


async def test_an_erasure_and_new_actions_in_one_batch_leave_only_the_new_blocks():
    draw, changelogs, redis = np.random.default_rng(0), Changelogs(), Redis()
    worker = Worker(changelogs, redis)
    log = [*(action(one, draw) for one in VIDEOS[:900]), FORGET, *(action(one, draw) for one in VIDEOS[900:1300])]
    await worker.process(log[:800], 0)
    await worker.app.table_writers["profiles"].flush()
    await worker.process(log, 800)
    assert await worker.app.before_commit()
    await assert_consistent(worker, blocks=1)
    assert worker.profiles[0, "me"].seen_blocks == 1


async def test_training_on_a_like_reads_a_block_that_the_same_batch_has_sealed(monkeypatch):
    worker, missing = Worker(Changelogs(), Redis()), []

    async def archived(user_id):
        missing.append(user_id)
        return block_of_videos([])

    monkeypatch.setattr(worker.app.ranking_cache.completer, "archived", archived)
    monkeypatch.setattr(worker.app.trainer, "_has_time", lambda: True)
    monkeypatch.setattr(worker.app.backlog, "first_new_offset", lambda _: 0)
    kinds = ["view"] * 390 + ["like"] * 10
    log = [
        json.dumps({"user_id": "me", "video_id": one, "action_type": kind})
        for one, kind in zip(VIDEOS, kinds, strict=False)
    ]
    await worker.process([one.encode() for one in log], 0)
    assert worker.profiles[0, "me"].seen_blocks == 1
    assert values_by_label(worker.app.metrics.training_steps)[""]
    assert missing == []
