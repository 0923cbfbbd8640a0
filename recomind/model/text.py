"""Rules for text from outside: which characters an id may have, how tags are written and compared, which URLs are safe.

Each rule is here and nowhere else, so that requests, files and Kafka records are judged alike. The rules do not depend
on the version of Python: the log of actions gives the same state on every version.
"""

import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f\U000f0000-\U0010ffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x1_0000, 0xF_0000, 0x1_0000))
    + "]"
)
"""Control and format characters, separators other than the space, surrogates, private use, noncharacters: as of Unicode
16, and fixed. Characters that Unicode adds later are printable from the start."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

DOTS_MARK: Final = "\xad"
"""Stands before the ids "." and ".." in a path, where these mean folders. No id has it, as it is not printable."""

SAFE_SCHEMES: Final = ("http", "https")
"""Schemes that the URL of a video may have. A relative URL has none."""

_WORD: Final = re.compile(r"\w+")
_SCHEME: Final = re.compile(r"([^/?#:]*):")
_FORBIDDEN_IN_URL: Final = re.compile('[\x00-\x20\x7f\\\\<>"]')


class InvalidFieldError(ValueError):
    """A field breaks a rule that types cannot express; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def is_printable(text: str) -> bool:
    r"""Whether all characters are printable.

    >>> is_printable("Zoë 1"), is_printable("a\nb"), is_printable("a\u200bb")
    (True, False, False)
    """
    return text.isprintable() if text.isascii() else _UNPRINTABLE.search(text) is None


def id_of_segment(segment: str) -> str:
    r"""The id that a decoded segment of a path stands for.

    >>> id_of_segment("\xad.."), id_of_segment(".."), id_of_segment("u1")
    ('..', '..', 'u1')
    """
    return segment[1:] if segment in (DOTS_MARK + ".", DOTS_MARK + "..") else segment


def check_printable(field: str, text: str) -> None:
    """Check the characters of an id.

    Raises:
        InvalidFieldError: it has characters that are not printable.
    """
    if not is_printable(text):
        raise InvalidFieldError(field, f"{field} has characters that cannot be printed")


def normal_tag(tag: str) -> str:
    r"""A tag as it is stored and shown: in Unicode's form NFC, without blanks around it.

    >>> normal_tag(" Cafe\u0301 ")
    'Café'
    """
    return tag.strip() if tag.isascii() else normalize("NFC", tag).strip()


@lru_cache(maxsize=65_536)
def tag_key(tag: str) -> str:
    """What two tags have in common that count as the same: they differ at most in case, form and blanks.

    >>> tag_key(" Straße ") == tag_key("STRASSE")
    True
    """
    return _folded(normal_tag(tag))


def words_key(text: str) -> str:
    """The words of a text in the form in which they are compared, as of tags, each after a blank.

    >>> words_key("Late-Night CAFÉ!"), words_key("...")
    (' late night café', '')
    """
    return "".join(f" {word}" for word in _WORD.findall(_folded(normal_tag(text))))


def _folded(normal: str) -> str:
    return normal.lower() if normal.isascii() else normalize("NFC", normal.casefold())


def distinct_tags(tags: tuple[str, ...], field: str = "tags") -> tuple[str, ...]:
    """Tags in normal form, the first of those that count as the same; `field` names the field for errors.

    Raises:
        InvalidFieldError: a tag is blank, or has control characters.
    """
    one, found = "a label" if field == "labels" else "a tag", dict[str, str]()
    for tag in map(normal_tag, tags):
        if not tag:
            raise InvalidFieldError(field, f"{one} is blank: leave it out")
        if _CONTROL.search(tag):
            raise InvalidFieldError(field, f"{one} has control characters")
        found.setdefault(tag_key(tag), tag)
    return tuple(found.values())


def check_url(field: str, url: str) -> None:
    """Check the URL of a video, which apps open: no scheme that runs code in them, such as `javascript:`.

    Raises:
        InvalidFieldError: it is neither http(s) nor relative, or has characters that a URL cannot have.
    """
    if _FORBIDDEN_IN_URL.search(url):
        raise InvalidFieldError(field, f"{field} has blanks or characters that a URL cannot have: percent-encode them")
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() not in SAFE_SCHEMES:
        raise InvalidFieldError(field, f"{field} must be relative or begin with http:// or https://")
