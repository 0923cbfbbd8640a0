"""The encoding of entries in the popularity stream."""

import msgspec
import numpy as np

from recomind.state.popularity import Popularity
from recomind.stores import popularity_stream


def test_an_entry_is_small():
    encoded = popularity_stream.encode({f"v{n}": Popularity() for n in range(1000)})
    assert len(encoded) < 150 * 1000


def test_an_entry_holds_impressions_and_those_of_an_earlier_version_hold_none():
    encoded = popularity_stream.encode({"v": Popularity(impressions=7, shown_likes=2)})
    assert popularity_stream.decode(encoded).rest[5:, 0].tolist() == [7.0, 2.0]
    video_ids, packed, factors, _ = msgspec.msgpack.decode(encoded)
    earlier = np.frombuffer(packed, "<f8")[:-2].tobytes()
    changes = popularity_stream.decode(msgspec.msgpack.encode((video_ids, earlier, factors)))
    assert changes.rest[5:, 0].tolist() == [0.0, 0.0]
    assert changes.rest.shape == (popularity_stream.REST_COLUMNS, 1)
