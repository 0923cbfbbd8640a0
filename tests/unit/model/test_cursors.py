"""Cursors survive their text, and no other text is one."""

from hypothesis import given
from hypothesis import strategies as st

from recomind.model.cursors import SESSION_BYTES, Cursor, decode_cursor, encode_cursor

CURSORS = st.builds(
    Cursor,
    st.binary(min_size=SESSION_BYTES, max_size=SESSION_BYTES),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**45).map(lambda at_ms: at_ms / 1000),
)


@given(CURSORS, st.text(min_size=1))
def test_a_cursor_survives_its_text(cursor, user):
    text = encode_cursor(cursor, user)
    assert decode_cursor(text, user) == cursor
    assert text.replace("-", "").replace("_", "").isalnum()


@given(CURSORS, st.integers(0, 39), st.sampled_from("ABab01-_=é"))
def test_a_changed_text_is_no_cursor(cursor, position, character):
    text = encode_cursor(cursor, "u1")
    changed = text[:position] + character + text[position + 1 :]
    assert changed == text or decode_cursor(changed, "u1") is None
    assert decode_cursor(text, "u2") is None


@given(st.text())
def test_no_other_text_is_a_cursor(text):
    assert decode_cursor(text, "u1") is None
