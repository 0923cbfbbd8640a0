"""The window of served lists: what is read when, and that actions meet the same lists however it is read."""

import asyncio
from types import SimpleNamespace

import pytest

from recomind.errors import UnavailableError
from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent, encode_served_list
from recomind.model.signals import NOT_SERVED, OUTCOME, SourceOffset
from recomind.runtime import served_list_window
from recomind.runtime.served_list_window import ServedListWindow
from recomind.state import profile_fold
from recomind.state.profile import Profile
from recomind.state.served_lists import RETENTION_S


def record(offset, at, list_id="l", video_ids=("a",), user="u"):
    value = encode_served_list(ServedListEvent(list_id, user, at, 0, video_ids))
    return SimpleNamespace(partition=0, offset=offset, timestamp=at * 1000, value=value)


class Log:
    """A log of served lists, of which Kafka has told `end`, and up to `committed` was delivered before."""

    def __init__(self, *records, committed=0):
        self.records, self.committed, self.end, self.failures, self.reads = records, committed, 0, 0, []

    async def read_since(self, partition, since):
        self.reads.append(since)
        if self.failures:
            self.failures -= 1
            raise UnavailableError("Kafka", OSError("away"))
        found = [one for one in self.records if one.timestamp >= 1000 * since and one.offset < self.committed]
        if found:
            yield partition, found

    def window(self):
        return ServedListWindow(1, self.read_since, lambda _: self.end, lambda: False)


def outcome(window, at, video="a"):
    action = Action("u", video, "view", at)
    _, derived = profile_fold.fold(Profile(), SourceOffset(0, 1), action)
    return window.lists(0).join(Profile(), action, derived, at).outcome


async def test_lists_that_another_worker_had_read_are_read_again():
    log = Log(record(0, 1_000.0), committed=1)
    window = log.window()
    await window.prepare(0, 1_001.0, 1_002.0)
    assert log.reads == [1_001.0 - RETENTION_S]
    assert outcome(window, 1_001.0) == OUTCOME
    await window.put(0, log.records)  # the consumer may deliver some of them again
    assert window.lists(0).next_offset == 1


async def test_a_batch_waits_for_the_lists_that_kafka_is_known_to_hold():
    log = Log(record(0, 1_000.0))
    window, log.end = log.window(), 1
    waiting = asyncio.create_task(window.prepare(0, 1_001.0, 1_002.0))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await window.put(0, log.records)
    await asyncio.wait_for(waiting, 5)
    assert outcome(window, 1_001.0) == OUTCOME


async def test_a_batch_does_not_wait_for_lists_that_were_logged_after_it():
    log = Log(record(0, 1_000.0), record(1, 3_000.0), record(2, 3_001.0))
    window, log.end = log.window(), 3
    await window.put(0, log.records[:2])
    await asyncio.wait_for(window.prepare(0, 1_001.0, 1_002.0), 5)
    assert outcome(window, 1_001.0) == OUTCOME


async def test_the_agent_waits_while_too_many_lists_wait_unless_a_batch_needs_more(monkeypatch):
    monkeypatch.setattr(served_list_window, "MAX_WAITING", 2)
    log = Log(*(record(number, 1_000.0 + number, f"l{number}") for number in range(6)))
    window = log.window()
    putting = asyncio.create_task(window.put(0, log.records))
    await asyncio.sleep(0.05)
    assert not putting.done()
    await window.prepare(0, 1_000.0, 1_005.0)
    await asyncio.wait_for(putting, 5)


async def test_while_kafka_is_away_actions_wait_for_the_lists(monkeypatch):
    monkeypatch.setattr(served_list_window, "RETRY_DELAY_S", 0.01)
    log = Log(record(0, 1_000.0), committed=1)
    log.failures = 3
    window = log.window()
    await asyncio.wait_for(window.prepare(0, 1_001.0, 1_002.0), 5)
    assert (len(log.reads), outcome(window, 1_001.0)) == (4, OUTCOME)


async def test_a_partition_that_moves_away_is_read_again_when_it_returns():
    log = Log(record(0, 1_000.0), committed=1)
    window = log.window()
    await window.prepare(0, 1_001.0, 1_002.0)
    window.retain_partitions({1})
    assert len(window) == 0
    await window.prepare(0, 1_001.0, 1_002.0)
    assert (len(log.reads), len(window)) == (2, 1)


async def test_what_is_no_served_list_is_left_out():
    log = Log()
    window = log.window()
    garbage = SimpleNamespace(partition=0, offset=0, timestamp=1e6, value=b"\xc1")
    await window.put(0, [garbage, record(1, 1_001.0)])
    assert outcome(window, 1_002.0) == OUTCOME
    assert outcome(window, 1_002.0, "b") == NOT_SERVED


@pytest.mark.parametrize("committed", [0, 2, 5])
@pytest.mark.parametrize("ahead", [1, 3, 5])
async def test_actions_meet_the_same_lists_however_far_the_agent_is_ahead(committed, ahead):
    records = [record(number, 1_000.0 + 10 * number, f"l{number}", (f"v{number}", "a")) for number in range(5)]
    log = Log(*records, committed=committed)
    window = log.window()
    await window.prepare(0, 1_000.0, 1_000.0)
    await window.put(0, records[committed:ahead] or records[:1])
    found = []
    for number in range(5):
        at = 1_001.0 + 10 * number
        await window.put(0, records[: max(ahead, number + 1)])
        action = Action("u", "a", "view", at)
        _, derived = profile_fold.fold(Profile(), SourceOffset(0, number), action)
        found.append(window.lists(0).join(Profile(), action, derived, at).place.event.list_id)
    assert found == ["l0", "l1", "l2", "l3", "l4"]


async def test_a_user_who_was_served_is_present_also_when_the_list_is_handed_out_again():
    log, now = Log(record(0, 1_000.0), record(1, 2_000.0)), [1_000.0]
    window = ServedListWindow(1, log.read_since, lambda _: log.end, lambda: False, now=lambda: now[0])
    await window.put(0, log.records[:1])
    assert window.presence.is_due("u")
    window.presence.note_list("u")
    now[0] = 2_000.0
    assert not window.presence.is_present("u")
    await window.put(0, log.records[1:])
    assert window.presence.is_due("u")
    window.retain_partitions({1})
    assert not window.presence.is_present("u")


async def test_users_whose_lists_are_read_again_after_a_rebalance_are_present():
    log, read_again = Log(record(0, 1_000.0), committed=1), []
    note = lambda partition, found: read_again.extend((partition, one.event.user_id) for one in found)  # noqa: E731
    window = ServedListWindow(1, log.read_since, lambda _: log.end, lambda: False, note, lambda: 1_001.0)
    await window.prepare(0, 1_001.0, 1_002.0)
    assert read_again == [(0, "u")]
    assert window.presence.is_due("u")
