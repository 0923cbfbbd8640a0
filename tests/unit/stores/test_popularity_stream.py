"""The encoding of entries in the popularity stream."""

import msgspec
import numpy as np

from recomind.recommender.index.video_index import VideoIndex
from recomind.state.local_counts import LocalCounts
from recomind.state.popularity import Popularity
from recomind.stores import popularity_stream


def test_an_entry_is_small():
    encoded = popularity_stream.encode({f"v{n}": Popularity() for n in range(1000)})
    assert len(encoded) < 150 * 1000


def test_an_entry_holds_impressions_and_those_of_an_earlier_version_hold_none():
    encoded = popularity_stream.encode({"v": Popularity(impressions=7, shown_likes=2)})
    assert popularity_stream.decode(encoded).rest[5:, 0].tolist() == [7.0, 2.0]
    video_ids, packed, factors, *_ = msgspec.msgpack.decode(encoded)
    earlier = np.frombuffer(packed, "<f8")[:-2].tobytes()
    changes = popularity_stream.decode(msgspec.msgpack.encode((video_ids, earlier, factors)))
    assert changes.rest[5:, 0].tolist() == [0.0, 0.0]
    assert changes.rest.shape == (popularity_stream.REST_COLUMNS, 1)


def test_counts_by_local_context_travel_and_cost_a_byte_where_there_are_none():
    counts = LocalCounts({"DE3": (4, 2, 0.5)}, {"DE": 7.0})
    changes = popularity_stream.decode(popularity_stream.encode({"v": Popularity(local=counts), "w": Popularity()}))
    assert list(changes.local) == [counts, LocalCounts()]
    plain = popularity_stream.encode({"v": Popularity()})
    earlier = msgspec.msgpack.encode(msgspec.msgpack.decode(plain)[:-1])
    assert len(plain) - len(earlier) == 1
    assert popularity_stream.decode(plain).local == popularity_stream.decode(earlier).local == ()


def test_a_worker_that_reads_an_entry_without_local_contexts_knows_none():
    index = VideoIndex()
    index.put_popularity("v", Popularity(local=LocalCounts({"DE3": (4, 2, 0.5)}, {"DE": 7.0})))
    changes = popularity_stream.decode(popularity_stream.encode({"v": Popularity()}))
    index.put_popularity_columns(
        changes.video_ids, changes.scores, *changes.rest[:4], changes.factor_sums, changes.rest[5:], changes.watches
    )
    assert index.local.of(index.row("v")) == LocalCounts()
