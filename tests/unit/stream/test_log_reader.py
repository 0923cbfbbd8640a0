"""Recognising stale writes in a changelog."""

from msgspec.msgpack import encode

from recomind.state.profile import Profile
from recomind.stream.log_reader import is_newer


def test_a_value_that_lacks_an_applied_offset_is_not_newer():
    old, new = encode(Profile(applied_offsets={0: 3, 1: 1})), encode(Profile(applied_offsets={0: 4, 1: 1}))
    assert is_newer(new, old)
    assert not is_newer(old, new)
