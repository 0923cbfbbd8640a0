"""The encoding of lists' meta in Redis, which older workers read."""

import msgspec

from recomind.stores.stored_lists import ListMeta, ListOrigins, ServedList, StoredList, encode_list, without_features


def test_the_stored_meta_keeps_its_field_names():
    meta = ListMeta(5.0, {0: 7}, 3, {"v": {"tags": 1.0}})
    values = encode_list("u", StoredList(b"[1]", b"[]", meta))
    assert values["recommendations:u"] == b"[1]"
    encoded = values["recommendations_meta:u"]
    assert msgspec.msgpack.decode(encoded) == {
        "as_of": 5.0,
        "origins": {0: 7},
        "version": 3,
        "sources": {"v": {"tags": 1.0}},
        "list_id": "",
        "video_ids": [],
        "shown": b"",
        "place_sources": b"",
        "is_control": False,
        "arms": {},
        "teams": b"",
        "is_ranker_left_out": False,
        "returned": [],
        "policy_key": "",
        "scenario": "default",
    }
    assert msgspec.msgpack.decode(encoded, type=ListOrigins) == ListOrigins({0: 7})


def test_a_list_that_an_earlier_version_has_stored_names_no_ranker_that_was_left_out():
    old = msgspec.msgpack.encode({"as_of": 5.0, "origins": {0: 7}, "version": 3, "arms": {"e": "A"}})
    served = ServedList(b"[1]", old)
    assert not served.meta.is_ranker_left_out
    assert not served.shown_meta.is_ranker_left_out


def test_what_is_stored_of_a_page_still_says_that_its_ranker_was_left_out():
    stored = StoredList(b"[1]", b"[]", ListMeta(5.0, {}, 3, is_ranker_left_out=True)).as_served
    assert ServedList(b"[1]", without_features(stored.encoded_meta)).shown_meta.is_ranker_left_out
