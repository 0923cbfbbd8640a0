"""The export of served lists: one row a place, with the features of the list's first event."""

import json
from types import SimpleNamespace

import numpy as np

from recomind.model.served_lists import ServedListEvent, encode_served_list
from recomind.offline.served_export import ServedExport
from recomind.recommender.factors.gaussians import WIDTH
from recomind.recommender.factors.model import ItemFactors
from recomind.recommender.like_rates import NAMES
from recomind.recommender.served import pack
from tests.unit.stream.records import LOG, action_record


def record(offset, *video_ids, features=True, list_id="l"):
    places = len(video_ids)
    items = ItemFactors(np.zeros((places, WIDTH)), np.ones((places, WIDTH)))
    shown = pack(np.full(places, 0.5), np.zeros(places), np.zeros(places), items, np.zeros((places, len(NAMES))))
    event = ServedListEvent(list_id, "u", 1e9, 1, video_ids, shown if features else b"")
    return SimpleNamespace(partition=0, offset=offset, timestamp=1e12 + 1000 * offset, value=encode_served_list(event))


async def rows_of(*records, actions=()):
    async def served():
        yield 0, records

    export = ServedExport(served(), LOG, {})
    await export.read_some()
    for one in actions:
        export.apply(one)
    return list(export.take_closed(2e9))


async def test_a_list_that_was_handed_out_again_is_exported_once_with_its_features():
    rows = await rows_of(record(0, "a", "b"), record(1, "a", "b", features=False), record(2, "a", features=False))
    assert [(one["video_id"], one["propensity"]) for one in rows] == [("a", 0.5), ("b", 0.5)]
    assert {one["logged_at"] for one in rows} == {10**15}


async def test_a_list_that_was_handed_out_with_more_places_is_exported_with_all_of_them():
    rows = await rows_of(record(0, "a"), record(1, "c", list_id="m"), record(2, "a", "b"))
    assert [(one["list_id"], one["video_id"], one["propensity"]) for one in rows] == [
        ("m", "c", 0.5),
        ("l", "a", 0.5),
        ("l", "b", 0.5),
    ]


async def test_a_like_of_a_video_that_was_liked_long_ago_is_no_outcome():
    likes = [*(f"v{number}" for number in range(1000)), "v0", "new"]
    bodies = [json.dumps({"user_id": "u", "video_id": one, "action_type": "like"}).encode() for one in likes]
    actions = [action_record(body, offset, 3) for offset, body in enumerate(bodies)]
    for one in actions:
        one.timestamp = int(1e12) - 10_000 + (20_000 if one.offset >= 1000 else 0)
    rows = await rows_of(record(0, "v0", "new"), actions=actions)
    assert [(one["video_id"], one["outcome"]) for one in rows] == [("v0", None), ("new", "like")]
