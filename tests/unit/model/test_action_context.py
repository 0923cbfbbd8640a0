"""Contexts are read as they were written."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from recomind.model.action_context import MAX_CONTEXT_BYTES, context_json, read_context
from recomind.model.text import InvalidFieldError

VALUES = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15) | st.text(max_size=80)


@given(st.dictionaries(st.text(max_size=70), VALUES, max_size=18))
def test_a_context_is_short_and_read_as_it_was_sent_or_it_is_refused(context):
    with suppress(InvalidFieldError):
        text = context_json(context)
        assert len(text.encode()) <= MAX_CONTEXT_BYTES
        assert read_context(text) == context
