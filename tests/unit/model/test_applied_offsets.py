"""Version vectors of applied offsets."""

from hypothesis import given
from hypothesis import strategies as st

from recomind.model.applied_offsets import advance, advance_if_new, dominates, is_behind_watermark, is_new
from recomind.model.signals import SourceOffset

offsets = st.dictionaries(st.integers(0, 3), st.integers(0, 9))


def test_a_value_that_has_advanced_is_a_copy():
    applied = {0: 7}
    assert advance(applied, SourceOffset(1, 3)) == {0: 7, 1: 3}
    assert applied == {0: 7}


@given(offsets, st.integers(0, 3), st.integers(0, 9))
def test_an_offset_is_applied_once(applied, source, offset):
    was_new, copy = is_new(applied, source, offset), dict(applied)
    assert advance_if_new(copy, source, offset) == was_new
    assert not is_new(copy, source, offset)
    assert dominates(copy, applied)


@given(offsets, offsets)
def test_a_profile_is_behind_a_watermark_that_does_not_cover_it(applied, watermark):
    covered = dominates({source: offset - 1 for source, offset in watermark.items()}, applied)
    assert is_behind_watermark(applied, watermark) == (not covered)
