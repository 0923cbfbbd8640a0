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
from recomind.state.served_lists import REACH_S


def record(offset, at, list_id="l", video_ids=("a",), user="u"):
    value = encode_served_list(ServedListEvent(list_id, user, at, 0, video_ids))
    return SimpleNamespace(partition=0, offset=offset, timestamp=at * 1000, value=value)


class Log:
    """A log of served lists in Kafka, of which the records up to `committed` were delivered before."""

    def __init__(self, *records, committed=0, end=None):
        self.records, self.offset, self.failures, self.reads, self.questions = records, committed, 0, [], 0
        self.end_offset = len(records) if end is None else end

    def committed(self, partition):
        return self.offset

    async def end(self, partition):
        self.questions += 1
        await asyncio.sleep(0)
        self.fail_if_away()
        return self.end_offset

    async def read(self, partition, *, until, since=None, start=None):
        self.reads.append((since, start, until))
        self.fail_if_away()
        for one in self.records:
            if one.timestamp >= 1000 * (since or 0) and (start or 0) <= one.offset < until:
                yield [one]

    def fail_if_away(self):
        if self.failures:
            self.failures -= 1
            raise UnavailableError("Kafka", OSError("away"))

    def window(self, **options):
        return ServedListWindow(1, self, lambda: False, **options)


def outcome(lists, at, video="a"):
    action = Action("u", video, "view", at)
    _, derived = profile_fold.fold(Profile(), SourceOffset(0, 1), action)
    return lists.join(Profile(), action, derived, at).outcome


async def prepared(window, first_at, last_at):
    return await asyncio.wait_for(window.prepare(0, first_at, last_at), 5)


async def test_lists_that_another_worker_had_read_are_read_again():
    log = Log(record(0, 1_000.0), committed=1)
    window = log.window()
    lists = await prepared(window, 1_001.0, 1_002.0)
    assert log.reads == [(1_001.0 - REACH_S, None, 1)]
    assert outcome(lists, 1_001.0) == OUTCOME
    await window.put(0, log.records)  # the consumer may deliver some of them again
    assert lists.next_offset == 1


async def test_a_batch_waits_for_a_list_that_is_fetched_late():
    """Nothing has told the worker of the list, which was logged long before the action."""
    log = Log(record(0, 1_000.0))
    window = log.window()
    waiting = asyncio.create_task(window.prepare(0, 1_001.3, 1_001.3))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await window.put(0, log.records)
    assert outcome(await asyncio.wait_for(waiting, 5), 1_001.3) == OUTCOME
    assert log.reads == []


async def test_a_batch_reads_the_lists_itself_if_the_agent_does_not_get_them(monkeypatch):
    monkeypatch.setattr(served_list_window, "PATIENCE_S", 0.02)
    log = Log(*(record(number, 1_000.0 + number, f"l{number}") for number in range(4)))
    window = log.window()
    await window.put(0, log.records[:1])
    lists = await prepared(window, 1_001.5, 1_001.5)
    assert log.reads == [(None, 1, 4)]
    assert lists.next_offset == 3  # the third one was logged after the action
    assert (outcome(lists, 1_001.5), lists.waiting) == (OUTCOME, 1)
    assert len(await window.put(0, log.records[1:])) == 3  # the agent counts what it gets
    assert (lists.next_offset, lists.waiting) == (4, 2)


async def test_offsets_without_records_are_read_once(monkeypatch):
    """Retention has deleted them, or they are those of transactions."""
    monkeypatch.setattr(served_list_window, "PATIENCE_S", 0.02)
    log = Log(end=7)
    window = log.window()
    for _ in range(2):
        assert (await prepared(window, 1_001.0, 1_002.0)).next_offset == 7
    assert log.reads == [(None, 0, 7)]


async def test_lists_that_are_too_old_to_count_are_not_waited_for():
    log = Log(record(0, 1_000.0), committed=1)
    lists = await prepared(log.window(), 20_000.0, 20_000.0)
    assert (len(log.reads), lists.next_offset, len(lists)) == (1, 1, 0)


async def test_kafka_is_asked_once_for_a_batch_and_not_if_later_lists_have_been_read():
    log = Log(record(0, 1_000.0), record(1, 3_000.0), record(2, 3_001.0))
    window = log.window()
    await window.put(0, log.records[:1])
    log.end_offset = 1
    await prepared(window, 1_001.0, 1_002.0)
    assert log.questions == 1
    log.end_offset = 3
    await window.put(0, log.records[1:2])
    assert outcome(await prepared(window, 1_001.0, 2_002.0), 1_001.0) == OUTCOME
    assert log.questions == 1


async def test_an_agent_that_was_ahead_of_the_actions_does_not_hide_older_lists():
    log = Log(record(0, 1_000.0), record(1, 9_000.0, "m", ("b",)), committed=1)
    window = log.window()
    await window.put(0, log.records[1:])
    assert outcome(await prepared(window, 1_001.0, 1_002.0), 1_001.0) == OUTCOME
    assert outcome(await prepared(window, 9_001.0, 9_001.0), 9_001.0, "b") == OUTCOME


async def test_the_agent_waits_while_too_many_lists_wait_unless_a_batch_needs_more(monkeypatch):
    monkeypatch.setattr(served_list_window, "MAX_WAITING", 2)
    log = Log(*(record(number, 1_000.0 + number, f"l{number}") for number in range(6)))
    window = log.window()
    putting = asyncio.create_task(window.put(0, log.records))
    await asyncio.sleep(0.05)
    assert not putting.done()
    await prepared(window, 1_000.0, 1_005.0)
    await asyncio.wait_for(putting, 5)


async def test_while_kafka_is_away_actions_wait_for_the_lists(monkeypatch):
    monkeypatch.setattr(served_list_window, "RETRY_DELAY_S", 0.01)
    log = Log(record(0, 1_000.0), committed=1)
    log.failures, outages = 3, []
    window = log.window(on_outage=outages.append)
    assert outcome(await prepared(window, 1_001.0, 1_002.0), 1_001.0) == OUTCOME
    assert (len(log.reads), log.questions, len(outages)) == (4, 1, 3)
    log.failures = 2
    await prepared(window, 1_003.0, 1_003.0)
    assert (log.questions, len(outages)) == (4, 5)


async def test_a_worker_that_stops_while_kafka_is_away_joins_nothing():
    log = Log()
    log.failures = 1
    window = ServedListWindow(1, log, lambda: True)
    with pytest.raises(UnavailableError):
        await prepared(window, 1_001.0, 1_002.0)


async def test_a_partition_that_moves_away_is_read_again_when_it_returns():
    log = Log(record(0, 1_000.0), committed=1)
    window = log.window()
    await prepared(window, 1_001.0, 1_002.0)
    window.retain_partitions({1})
    assert len(window) == 0
    await prepared(window, 1_001.0, 1_002.0)
    assert (len(log.reads), len(window)) == (2, 1)


async def test_what_is_no_served_list_is_left_out():
    garbage = SimpleNamespace(partition=0, offset=0, timestamp=1e6, value=b"\xc1")
    log = Log(garbage, record(1, 1_001.0))
    window = log.window()
    await window.put(0, log.records)
    lists = await prepared(window, 1_002.0, 1_002.0)
    assert outcome(lists, 1_002.0) == OUTCOME
    assert outcome(lists, 1_002.0, "b") == NOT_SERVED


@pytest.mark.parametrize("committed", [0, 2, 5])
@pytest.mark.parametrize("ahead", [1, 3, 5])
async def test_actions_meet_the_same_lists_however_far_the_agent_is_ahead(committed, ahead):
    records = [record(number, 1_000.0 + 10 * number, f"l{number}", (f"v{number}", "a")) for number in range(5)]
    log = Log(*records, committed=committed)
    window = log.window()
    await window.put(0, records[committed:ahead] or records[:1])
    found = []
    for number in range(5):
        at = 1_001.0 + 10 * number
        log.end_offset = max(ahead, number + 1)
        await window.put(0, records[: log.end_offset])
        action = Action("u", "a", "view", at)
        _, derived = profile_fold.fold(Profile(), SourceOffset(0, number), action)
        found.append((await prepared(window, at, at)).join(Profile(), action, derived, at).place.event.list_id)
    assert found == ["l0", "l1", "l2", "l3", "l4"]


async def test_a_user_who_was_served_is_present_also_when_the_list_is_handed_out_again():
    log, now = Log(record(0, 1_000.0), record(1, 2_000.0)), [1_000.0]
    window = log.window(now=lambda: now[0])
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
    window = log.window(on_read_again=note, now=lambda: 1_001.0)
    await prepared(window, 1_001.0, 1_002.0)
    await prepared(window, 999.0, 1_002.0)  # once more, but nobody counts them twice
    assert read_again == [(0, "u")]
    assert window.presence.is_due("u")
