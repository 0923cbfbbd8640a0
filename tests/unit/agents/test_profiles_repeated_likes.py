"""The agent that folds profiles finds likes of long ago, in blocks of its table and of the batch that it works on."""

import asyncio
import json

import pytest

from recomind.model.signals import ActionSignal
from recomind.runtime import event_loop
from recomind.stream.codec import decode_signals
from recomind.stream.partitioner import partition_of
from tests.unit.agents.test_profiles_seen_blocks import FORGET, VIDEOS, Changelogs, Redis, Worker
from tests.unit.stream.records import action_record


def like(video_id, user="me"):
    return json.dumps({"user_id": user, "video_id": video_id, "action_type": "like"}).encode()


class SentSignals:
    """The signals that a worker sends, in their order."""

    def __init__(self, worker):
        self.sent = []
        worker.app.send_records = self._note

    async def _note(self, topic, records):
        if topic == "video_signals":
            for some in records.values():
                for one in some:
                    self.sent += decode_signals(action_record(one.value, 0, 0)).video_signals

    def repeats(self):
        """Whether each like sent since the last call is a repeated one."""
        likes, self.sent = [one for one in self.sent if isinstance(one, ActionSignal)], []
        return [one.is_repeat for one in likes]


@pytest.mark.parametrize("size", [1, 100, 3000])
async def test_each_like_after_the_first_is_a_repeat_however_batches_are_cut(size):
    worker, likes = Worker(Changelogs(), Redis()), [like(one) for one in VIDEOS[:700]]
    signals, log = SentSignals(worker), likes + likes
    for start in range(0, len(log), size):
        await worker.process(log[: start + size], start)
    assert signals.repeats() == [False] * 700 + [True] * 700


async def test_a_new_owner_of_the_partition_finds_them_in_the_changelog():
    changelogs, redis = Changelogs(), Redis()
    worker, log = Worker(changelogs, redis), [like(one) for one in VIDEOS[:700]]
    await worker.process(log, 0)
    assert await worker.app.before_commit()
    redis.empty()
    worker = Worker(changelogs, redis)
    signals = SentSignals(worker)
    await worker.process([*log, *log, like(VIDEOS[700])], 700)
    assert signals.repeats() == [True] * 700 + [False]


async def test_a_user_who_was_erased_likes_for_the_first_time_again():
    worker, likes = Worker(Changelogs(), Redis()), [like(one) for one in VIDEOS[:700]]
    signals = SentSignals(worker)
    await worker.process([*likes, likes[0], FORGET, *likes, likes[0]], 0)
    assert signals.repeats() == [False] * 700 + [True] + [False] * 700 + [True]


async def test_batches_of_two_partitions_that_are_folded_in_turns_find_the_blocks_of_their_own(monkeypatch):
    monkeypatch.setattr(event_loop, "SLICE_S", 0.0)
    users = {partition_of(user, 2): user for user in ("a", "b", "c", "d", "e", "f")}
    worker = Worker(Changelogs(), Redis(), partitions=2)
    signals = SentSignals(worker)
    logs = {partition: [like(one, user) for one in VIDEOS[:700]] * 2 for partition, user in users.items()}
    await asyncio.gather(*(worker.process(log, 0, partition) for partition, log in logs.items()))
    assert sum(signals.repeats()) == 2 * 700
