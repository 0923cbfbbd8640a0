"""The encoding of entries in the popularity stream."""

from recomind.state.popularity import Popularity
from recomind.stores import popularity_stream


def test_an_entry_is_small():
    encoded = popularity_stream.encode({f"v{n}": Popularity() for n in range(1000)})
    assert len(encoded) < 130 * 1000
