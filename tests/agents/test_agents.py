"""What agents decide, with literal records in and literal values out."""

import asyncio
from types import SimpleNamespace
from uuid import uuid5

import pytest
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver

from recomind.errors import UnavailableError
from recomind.model.events import Rejected
from recomind.model.signals import Followed, Forgotten, Origin, Touched, repaired_lane
from recomind.runtime.write_behind import Publisher
from recomind.settings import Settings
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.stores.archive import ACTIONS_NAMESPACE, Archive, action_id
from recomind.stores.memory_store import MemoryValues
from recomind.stores.read_model import ReadModel
from recomind.stream import table as tables
from recomind.stream.batches import BATCH_MAX, Batch
from recomind.stream.codec import actions_of, pack_signals, read_batch, read_signals, repair_headers
from recomind.stream.consumer import Consumer
from recomind.stream.log_reader import is_newer
from recomind.stream.table import Table
from recomind.worker import create_app
from recomind_agents import neighbours, recommendations
from recomind_agents.popularity import Keeper


def record(value, offset=0, partition=2, headers=()):
    return SimpleNamespace(
        topic="video_actions_stream",
        partition=partition,
        offset=offset,
        value=value,
        key=None,
        timestamp=1_700_000_000_000,
        headers=headers,
    )


GOOD = b'{"user_id":"u","video_id":"v","action_type":"like"}'


def test_a_batch_is_read_once_and_keeps_its_order():
    batch = Batch("video_actions_stream", 3, [record(GOOD, 5, 3), record(b"{", 6, 3)])
    first, second = read_batch(batch, 4)
    assert (first.origin, first.action.video_id) == (Origin(3, 5), "v")
    assert isinstance(second.action, Rejected)
    assert read_batch(batch, 4) is read_batch(batch, 4)
    assert [origin for origin, _ in actions_of(read_batch(batch, 4))] == [Origin(3, 5)]


def test_a_record_in_a_wrong_partition_is_astray_and_keeps_its_origin_and_time_where_it_is_sent():
    [read] = read_batch(Batch("video_actions_stream", 1, [record(GOOD, 9, 1)]), 4)
    assert read.astray
    assert list(actions_of([read])) == []
    sent_on = record(GOOD, 70, 3, repair_headers(read.record))
    sent_on.timestamp = 1_800_000_000_000
    [arrived] = read_batch(Batch("video_actions_stream", 3, [sent_on]), 4)
    assert arrived.origin == Origin(repaired_lane(1, 3), 9)
    assert arrived.action.timestamp == 1_700_000_000.0
    assert not arrived.astray
    assert action_id(arrived.origin) == action_id(Origin(1, 9))


@pytest.mark.parametrize("forged", [b"", b"one:two", b"1:2:3", b"99999999999999999999:1", b"\xff"])
def test_headers_that_we_did_not_write_are_ignored(forged):
    headers = (("recomind-origin", forged), ("recomind-logged-at", b"1"))
    [read] = read_batch(Batch("video_actions_stream", 3, [record(GOOD, 5, 3, headers)]), 4)
    assert read.origin == Origin(3, 5)


def test_a_record_with_our_headers_that_is_astray_again_is_sent_on_from_where_it_stands():
    headers = repair_headers(record(GOOD, 9, 1))
    [read] = read_batch(Batch("video_actions_stream", 2, [record(GOOD, 5, 2, headers)]), 4)
    assert (read.astray, read.origin) == (True, Origin(2, 5))


def test_signals_survive_packing():
    signals = [Touched("v", 0, 1, 2.0, "u", "like", False, ("w",)), Followed("w", 0, 1, 2.0, "v", 1)]
    forgotten = Forgotten("u", {0: 1}, 7)
    packed = [record(pack_signals([signals[0], forgotten])), record(pack_signals(signals[1:]))]
    assert read_signals(Batch("video_signals", 0, packed)) == (signals, [forgotten])


def test_a_long_poll_is_cut_into_batches():
    batches = list(Batch.cut("t", 0, [record(GOOD, n) for n in range(2 * BATCH_MAX + 1)]))
    assert [batch.records[-1].offset for batch in batches] == [BATCH_MAX - 1, 2 * BATCH_MAX - 1, 2 * BATCH_MAX]


def test_an_action_without_an_id_gets_the_same_one_at_every_delivery():
    assert action_id(Origin(1, 2)) == action_id(Origin(1, 2)) != action_id(Origin(2, 1))
    assert action_id(Origin(1, 2)) == uuid5(ACTIONS_NAMESPACE, "1:2")


async def test_a_publisher_writes_the_latest_and_keeps_what_failed():
    written, fails = [], [True]

    async def write(values):
        if fails.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        written.append(dict(values))

    publisher = Publisher(write)
    publisher.add("a", 1)
    publisher.add("b", 1)
    with pytest.raises(UnavailableError):
        await publisher.flush()
    publisher.add("a", 2)
    fails.append(False)
    await publisher.flush()
    await publisher.flush()
    assert written == [{"a": 2, "b": 1}]


async def test_a_flush_waits_for_one_under_way_and_keeps_what_that_one_could_not_write():
    begun, end, written = asyncio.Event(), asyncio.Event(), []

    async def write(values):
        begun.set()
        await end.wait()
        written.append(dict(values))

    publisher = Publisher(write)
    publisher.add("a", 1)
    timer = asyncio.create_task(publisher.flush())
    await begun.wait()
    commit = asyncio.create_task(publisher.flush())
    await asyncio.sleep(0)
    assert not commit.done()
    timer.cancel()
    end.set()
    await commit
    assert written == [{"a": 1}]


async def test_a_partition_that_could_not_be_put_forward_is_put_forward_the_next_time_and_no_more():
    put, fails = [], [False, True]

    async def put_trending(partition, scored):
        if fails.pop():
            raise UnavailableError("Redis", RuntimeError("away"))
        put.append((partition, scored))

    keeper = object.__new__(Keeper)
    keeper._app = SimpleNamespace(read_model=SimpleNamespace(put_trending=put_trending), consumer_generation_id=1)
    keeper._generation, keeper._best = 1, {}
    keeper._kept = Table("popularity", Popularity, topic="t", kafka={})
    keeper._kept._values = {1: {}}
    keeper._restless, keeper._putting = {1}, asyncio.Lock()
    with pytest.raises(UnavailableError):
        await keeper.put_forward()
    await keeper.put_forward()
    await keeper.put_forward()
    assert put == [(1, ())]


async def test_company_that_comes_again_is_published_again():
    published = {}
    keeper = object.__new__(neighbours.Keeper)
    keeper._kept, keeper._published = Table("neighbours", Neighbours, topic="t", kafka={}), SimpleNamespace()
    keeper._published.add = published.__setitem__
    keeper._kept._values = {1: {}}
    keeper._kept._recovery = {1: asyncio.get_running_loop().create_future()}
    keeper._kept._recovery[1].set_result(None)
    signals = [Touched("liked", 0, 5, 1.0, "u", "like"), Touched("seen", 0, 6, 2.0, "u", "view")]
    batch = Batch("video_signals", 1, [SimpleNamespace(value=pack_signals(signals), offset=9)])
    await keeper.take(batch)
    first = published.pop("liked")
    await keeper.take(batch)
    assert published == {"liked": first}


def test_a_stale_write_is_told_from_a_newer_one():
    from msgspec.msgpack import encode

    old, new = encode(Profile(origins={0: 3, 1: 1})), encode(Profile(origins={0: 4, 1: 1}))
    assert is_newer(new, old)
    assert not is_newer(old, new)


async def test_a_table_flushes_a_key_once_and_drops_partitions_that_moved():
    sent = []

    class Sender:
        async def send_all(self, topic, partition, records):
            sent.append((topic, partition, [record.key for record in records]))

    table = Table("profiles", Profile, topic="t", kafka={})
    table._values = {0: {}, 1: {}}
    for count in range(3):
        table.put(0, "u", Profile(like_count=count))
    table.put(1, "w", Profile())
    await table.flush(Sender())
    await table.flush(Sender())
    assert sent == [("t", 0, [b"u"]), ("t", 1, [b"w"])]
    table.assign({1}, keep=True)
    assert table.partitions == [1]
    assert len(table) == 1
    await asyncio.sleep(0)


async def test_a_table_is_not_recovered_while_kafka_is_away_and_tries_again(monkeypatch):
    answers = [{0: {"u": b"value"}}, UnavailableError("Kafka", RuntimeError("away"))]

    async def restore(*_):
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(tables, "restore", restore)
    monkeypatch.setattr(tables, "PAUSE", 0.0)
    table = Table("profiles", Profile, topic="t", kafka={})
    assert table.is_recovered
    table.assign({0}, keep=False)
    assert not table.is_recovered
    await table.recovered(0)
    assert table.is_recovered
    assert table.partitions == [0]


async def test_before_a_commit_no_mark_stands_above_an_action_whose_person_waits():
    model = ReadModel(MemoryValues())
    app = create_app(Settings(), model, Archive(""))
    app.keep("profiles", Profile)
    recommendations.declare(app)
    await model.put_marks({0: {0: 11}})
    app.news.begin(0, {}, {0: 11}, {0: 11})  # a value with offset 10 was in the changelog, one with 5 was not
    app.news.add(0, {"u": Profile(origins={0: 5})}, [Origin(0, 5)])
    assert await app.before_commit()
    assert await model.mark(0) == {0: 5}


async def test_a_commit_leaves_a_mark_of_a_partition_that_was_just_published_and_nobody_below_it_is_left_out():
    model = ReadModel(MemoryValues())
    app = create_app(Settings(), model, Archive(""))
    app.keep("profiles", Profile)._values = {0: {"u": Profile(origins={0: 5})}}
    recommendations.declare(app)
    await model.put_marks({0: {0: 5}})
    await model.begin_publishing(0)
    app.news.doubt(0)
    assert await app.before_commit()
    assert (list(app.news.take(9)), await model.mark(0)) == (["u"], {0: 0})


async def test_a_value_that_a_stale_write_followed_is_sent_again(monkeypatch):
    async def restore(kafka, topic, partitions, on_stale):
        on_stale(0, "u")
        return {0: {"u": b"right", "w": b"other"}}

    sent = []

    class Sender:
        async def send_all(self, topic, partition, records):
            sent.append((partition, [(record.key, record.value) for record in records]))

    monkeypatch.setattr(tables, "restore", restore)
    table = Table("profiles", Profile, topic="t", kafka={})
    table.assign({0}, keep=False)
    await table.recovered(0)
    await table.flush(Sender())
    assert sent == [(0, [(b"u", b"right")])]


async def test_a_rebalance_may_overtake_the_seek_of_the_one_before(monkeypatch):
    async def overtaken(_):
        raise IllegalStateError("No current assignment for partition")

    monkeypatch.setattr(driver.Consumer, "perform_seek", overtaken)
    consumer = object.__new__(Consumer)
    await consumer._seek_back()
