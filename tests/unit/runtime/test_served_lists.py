"""Recording served lists, and finding the list of an outcome."""

import msgspec
import numpy as np

from recomind.errors import UnavailableError
from recomind.model.served_lists import ServedListEvent, decode_served_list
from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.served import PLACE_BYTES, pack
from recomind.runtime.served_lists import (
    MAX_LISTS_PER_USER,
    MAX_RECORDED,
    WINDOW_S,
    ServedListRecorder,
    ServedListWindow,
)
from recomind.stores.stored_lists import ListMeta, StoredList


def shown(*choices):
    items = ItemFactors(*np.zeros((2, len(choices), WIDTH), np.float32))
    return pack(np.ones(len(choices)), np.array(choices, float), np.zeros(len(choices), np.float32), items)


def stored(list_id="l", video_ids=("a", "b", "c")):
    features = shown(*range(len(video_ids)))
    meta = ListMeta(1.0, {}, 3, {}, list_id=list_id, video_ids=video_ids, shown=features)
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


async def test_a_list_is_recorded_with_the_places_that_were_handed_out():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record("u", 2, 5.0, stored())
    await recorder.send()
    [found] = sent.events
    assert (found.list_id, found.user_id, found.at, found.version) == ("l", "u", 5.0, 3)
    assert (found.video_ids, len(found.shown)) == (("a", "b"), 2 * PLACE_BYTES)


async def test_the_same_list_is_recorded_again_only_for_more_places():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    for n in (2, 2, 1, 3):
        recorder.record("u", n, 5.0, stored())
    await recorder.send()
    assert [len(one.video_ids) for one in sent.events] == [2, 3]


async def test_lists_beyond_the_capacity_are_dropped_and_counted():
    sent = Sent()
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    for number in range(MAX_RECORDED + 5):
        recorder.record(f"u{number}", 1, 5.0, stored())
    await recorder.send()
    assert (len(sent.events), sent.drops) == (MAX_RECORDED, 5)


async def test_an_outage_of_kafka_loses_impressions_and_raises_nothing():
    sent = Sent(UnavailableError("Kafka", OSError("away")))
    recorder = ServedListRecorder(4, sent.send, sent.drop)
    recorder.record("u", 1, 5.0, stored())
    await recorder.send()
    sent.error = None
    await recorder.send()
    assert sent.events == []


def test_an_outcome_finds_the_features_of_the_latest_list_with_its_video():
    window = ServedListWindow()
    window.add(0, 10.0, event("first"))
    window.add(0, 11.0, event("second", video_ids=("b",)))
    assert window.find("u", "a", 12.0).choice == 0.0
    assert window.find("u", "b", 12.0).choice == 0.0
    assert window.find("u", "c", 12.0) is None
    assert window.find("other", "a", 12.0) is None


def test_an_outcome_long_after_the_list_is_none_of_it():
    window = ServedListWindow()
    window.add(0, 10.0, event("first"))
    assert window.find("u", "a", 10.0 + WINDOW_S) is not None
    assert window.find("u", "a", 11.0 + WINDOW_S) is None


def test_a_user_has_a_few_lists_and_none_after_an_erasure_or_a_rebalance():
    window = ServedListWindow()
    for number in range(MAX_LISTS_PER_USER + 1):
        window.add(0, 10.0, event(f"l{number}", video_ids=(f"v{number}",)))
    assert window.find("u", "v0", 11.0) is None
    assert window.find("u", "v1", 11.0) is not None
    window.add(1, 10.0, event("l", user_id="w"))
    window.erase("u")
    assert len(window) == 1
    window.retain_partitions({0})
    assert len(window) == 0


def test_events_keep_their_shape_on_the_wire():
    encoded = msgspec.msgpack.encode(event("l"))
    assert msgspec.msgpack.decode(encoded)[:5] == ["l", "u", 1.0, 3, ["a", "b"]]
