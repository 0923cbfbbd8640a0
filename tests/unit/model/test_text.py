"""Rules for text: printable ids, tags that count as the same, safe URLs."""

import sys
from hashlib import sha256

import pytest

from recomind.model.text import InvalidFieldError, check_url, distinct_tags, is_printable, tag_key

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]


def test_what_python_can_print_is_printable():
    assert [one for one in EVERY_CHARACTER if one.isprintable() and not is_printable(one)] == []


def test_whether_a_character_is_printable_does_not_depend_on_the_version_of_python():
    digest = sha256(bytes(map(is_printable, EVERY_CHARACTER))).hexdigest()
    assert digest.startswith("0eaf25ce6d8de25f")


@pytest.mark.parametrize("text", ["a\nb", "\0", "a\x7f", "a\xa0b", "a\u200bb", "\u2028", "\ud800", "\ue000", "\uffff"])
def test_control_format_and_separator_characters_are_not_printable(text):
    assert not is_printable(text)


@pytest.mark.parametrize("text", ["u1", "Zoë", "a b", "日本語", "😀", "\U0003134f", "..", "a/b?c#d%2F"])
def test_characters_of_any_script_are_printable_even_if_unicode_adds_them_later(text):
    assert is_printable(text)


def test_tags_that_differ_in_case_form_and_blanks_are_one():
    assert distinct_tags((" Funny", "funny", "FUNNY ", "Café", "cafe\u0301", "x")) == ("Funny", "Café", "x")
    assert tag_key("Straße") == tag_key("STRASSE")
    assert tag_key("Ǆ") == tag_key("ǆ")


@pytest.mark.parametrize("tag", ["", "   ", "\u3000", "a\tb", "a\x1fb", "\0", "a\u2028b"])
def test_a_tag_that_nobody_can_see_is_refused(tag):
    with pytest.raises(InvalidFieldError, match="a tag"):
        distinct_tags((tag,))


def test_an_emoji_of_several_characters_is_a_tag():
    assert distinct_tags(("👨\u200d👩\u200d👧",)) == ("👨\u200d👩\u200d👧",)


@pytest.mark.parametrize(
    "url", ["", "https://x", "HTTP://x/y?z#a", "/watch/v1", "watch?v=1:2", "//cdn/x", "https://ü.example/日本"]
)
def test_a_web_address_is_a_safe_url(url):
    check_url("url", url)


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)"),
        *("\x01javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "intent:x", "a b", "\0"),
    ],
)
def test_a_url_that_may_run_code_is_refused(url):
    with pytest.raises(InvalidFieldError) as refused:
        check_url("url", url)
    assert refused.value.field == "url"
