"""The encoding of lists' meta in Redis, which older workers read."""

import msgspec

from recomind.stores.stored_lists import ListMeta, ListOrigins, StoredList, encode_list


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
        "policy_key": "",
        "scenario": "default",
    }
    assert msgspec.msgpack.decode(encoded, type=ListOrigins) == ListOrigins({0: 7})
