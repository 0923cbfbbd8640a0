"""Recording served lists."""

import asyncio

import msgspec
import numpy as np

from recomind.errors import UnavailableError
from recomind.model.served_lists import ServedListEvent, decode_served_list, encode_served_list
from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.like_rates import NAMES
from recomind.recommender.policy.policy import ListRequest
from recomind.recommender.served import PLACE_BYTES, pack
from recomind.runtime.served_lists import MAX_RECORDED, REPEAT_INTERVAL_S, ServedListRecorder
from recomind.stores.stored_lists import ListMeta, StoredList


def shown(*choices):
    items = ItemFactors(*np.zeros((2, len(choices), WIDTH), np.float32))
    rates = np.zeros((len(choices), len(NAMES)))
    return pack(np.ones(len(choices)), np.array(choices, float), np.zeros(len(choices), np.float32), items, rates)


def stored(list_id="l", video_ids=("a", "b", "c"), **fields):
    features = shown(*range(len(video_ids)))
    meta = ListMeta(1.0, {}, 3, {}, list_id=list_id, video_ids=video_ids, shown=features, **fields)
    return StoredList(b"[]", b"[]", meta).as_served


def event(list_id, user_id="u", video_ids=("a", "b")):
    return ServedListEvent(list_id, user_id, 1.0, 3, video_ids, shown(*range(len(video_ids))))


class Sent:
    def __init__(self, error=None):
        self.records, self.drops, self.error = {}, 0, error

    async def send(self, topic, by_partition):
        if self.error:
            raise self.error
        assert topic == "served_lists"
        for partition, records in by_partition.items():
            self.records.setdefault(partition, []).extend(records)

    def drop(self):
        self.drops += 1

    @property
    def events(self):
        return [decode_served_list(record.value) for records in self.records.values() for record in records]


async def test_a_list_is_recorded_with_what_its_request_says_of_place_and_hour():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record(ListRequest("u", local="DE3", likely_country="AT"), 2, 5.0, stored())
    await recorder.send()
    [found] = sent.events
    assert (found.local, found.likely_country) == ("DE3", "AT")
    earlier = msgspec.msgpack.decode(encode_served_list(found))[:-2]
    assert decode_served_list(msgspec.msgpack.encode(earlier)).local == ""


async def test_a_list_is_recorded_with_the_places_that_were_handed_out():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record(ListRequest("u"), 2, 5.0, stored())
    await recorder.send()
    [found] = sent.events
    assert (found.list_id, found.user_id, found.at, found.version) == ("l", "u", 5.0, 3)
    assert (found.video_ids, len(found.shown)) == (("a", "b"), 2 * PLACE_BYTES)


async def test_a_list_is_recorded_again_after_a_while_and_the_first_event_has_the_features():
    sent, now = Sent(), [0.0]
    recorder = ServedListRecorder(4, sent.send, sent.drop, lambda: now[0], lambda: now[0])
    for now[0] in (0.0, REPEAT_INTERVAL_S - 0.1, REPEAT_INTERVAL_S, REPEAT_INTERVAL_S + 9.0, 2 * REPEAT_INTERVAL_S):
        recorder.record(ListRequest("u"), 2, 5.0, stored(), repeats=False)
        recorder.record(ListRequest("u"), 2, 5.0, stored())
        await recorder.send()
    assert [(one.handed_out_at, bool(one.shown)) for one in sent.events] == [(0.0, True), (10.0, False), (20.0, False)]
    assert {(one.video_ids, one.list_id) for one in sent.events} == {(("a", "b"), "l")}


async def test_a_list_that_a_user_gets_again_after_an_action_is_recorded_at_once():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop, clock=lambda: 0.0)
    recorder.record(ListRequest("u"), 2, 5.0, stored())
    await recorder.flush(["u", "other"])
    for _ in range(2):
        recorder.record(ListRequest("u"), 2, 5.0, stored())
    await recorder.send()
    assert [bool(one.shown) for one in sent.events] == [True, False]


async def test_a_stream_records_a_list_once():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    for _ in range(3):
        recorder.record(ListRequest("u"), 2, 5.0, stored(), repeats=False)
        await recorder.send()
    assert len(sent.events) == 1


def test_an_event_of_an_earlier_version_is_read():
    old = msgspec.msgpack.encode(["l", "u", 1.0, 3, ["a"], b"x", "default", {}])
    found = decode_served_list(old)
    assert (found.handed_out_at, found.place_sources, found.is_control) == (0.0, b"", False)
    assert not found.is_ranker_left_out


async def test_an_event_says_whether_the_ranker_of_its_list_was_left_out():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record(ListRequest("u"), 2, 5.0, stored())
    recorder.record(ListRequest("u"), 2, 5.0, stored("other", is_ranker_left_out=True))
    await recorder.send()
    assert {one.list_id: one.is_ranker_left_out for one in sent.events} == {"l": False, "other": True}


async def test_the_same_list_is_recorded_again_at_once_only_for_more_places():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    for n in (2, 2, 1, 3):
        recorder.record(ListRequest("u"), n, 5.0, stored())
    await recorder.send()
    assert [len(one.video_ids) for one in sent.events] == [2, 3]


async def test_an_action_waits_until_the_lists_of_its_user_are_sent_and_for_no_others():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record(ListRequest("u"), 1, 5.0, stored())
    await recorder.flush(["other"])
    assert sent.events == []
    await recorder.flush(["other", "u"])
    assert [one.user_id for one in sent.events] == ["u"]


async def test_an_action_does_not_wait_long_for_a_list_that_cannot_be_sent(monkeypatch):
    monkeypatch.setattr("recomind.runtime.served_lists.FLUSH_TIMEOUT_S", 0.01)
    answer = asyncio.Event()

    async def send(*_):
        await answer.wait()

    recorder = ServedListRecorder(4, send, lambda: None)
    recorder.record(ListRequest("u"), 1, 5.0, stored())
    async with asyncio.timeout(5):
        await recorder.flush(["u"])
        await recorder.flush(["u"])
        answer.set()
        await recorder.send()
    assert recorder._unsent == set()


async def test_lists_beyond_the_capacity_are_dropped_and_counted():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    for number in range(MAX_RECORDED + 5):
        recorder.record(ListRequest(f"u{number}"), 1, 5.0, stored())
    await recorder.send()
    assert (len(sent.events), sent.drops) == (MAX_RECORDED, 5)


async def test_an_outage_of_kafka_loses_impressions_and_raises_nothing():
    sent = Sent(UnavailableError("Kafka", OSError("away")))
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record(ListRequest("u"), 1, 5.0, stored())
    await recorder.send()
    sent.error = None
    await recorder.send()
    assert sent.events == []


def test_events_keep_their_shape_on_the_wire():
    encoded = msgspec.msgpack.encode(event("l"))
    assert msgspec.msgpack.decode(encoded)[:5] == ["l", "u", 1.0, 3, ["a", "b"]]
