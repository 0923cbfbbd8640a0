"""Filters: a small expression that says which videos are meant, such as `tag:music,dance -creator:c7 duration:..60`.

Conditions are separated by blanks, and all must hold. A condition is `field:value`, with a minus sign before it for its
opposite; of several values, separated by commas, one must hold. A value with blanks or commas is in double quotes.

| field | values | holds for |
|---|---|---|
| `tag`, `label` | a tag or label, in any case | videos that have it |
| `title` | words, in any case | videos whose title has a word that begins with each of them |
| `language` | a BCP 47 tag | videos in it; `en` also stands for `en-gb` |
| `creator` | an id | videos of the creator |
| `video` | an id | the video |
| `country` | a code of two letters | videos that may be shown there |
| `age` | years, or a range | videos with this age rating |
| `duration` | seconds, or a range | videos of this length; none whose length is not known |

A range is `low..high`, both inclusive; either may be left out.
"""

import re
from collections.abc import Callable
from math import inf
from typing import Final

import msgspec

from recomind.model.catalogue import Video
from recomind.model.metadata import normal_country, normal_language
from recomind.model.text import InvalidFieldError, tag_key, words_key

MAX_FILTER_LENGTH: Final = 2000
MAX_CONDITIONS: Final = 50

FIELDS: Final = ("tag", "label", "title", "language", "creator", "video", "country", "age", "duration")
NUMERIC_FIELDS: Final = frozenset({"age", "duration"})

_VALUE: Final = r'(?:"[^"]*"|[^\s,"]+)'
_CONDITION: Final = re.compile(rf"(-?)([a-z]+):({_VALUE}(?:,{_VALUE})*)(?:\s+|$)")
_VALUES: Final = re.compile(_VALUE)
_RANGE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)?(\.\.)?(\d{1,9}(?:\.\d{1,3})?)?")


class Condition(msgspec.Struct, frozen=True):
    """One condition on a video."""

    field: str
    values: tuple[str, ...] = ()
    """In the form in which the catalogue compares them; one must hold."""
    ranges: tuple[tuple[float, float], ...] = ()
    """The same for numbers: bounds, both inclusive."""
    is_excluded: bool = False
    """Whether the opposite is meant."""


Filter = tuple[Condition, ...]
"""Conditions that must all hold."""


def parse_filter(text: str, name: str = "filter") -> Filter:
    """Read an expression; `name` names the field for errors.

    >>> parse_filter("-tag:Cat")
    (Condition(field='tag', values=('cat',), ranges=(), is_excluded=True),)

    Raises:
        InvalidFieldError: it is no filter; the message says where.
    """
    if len(text) > MAX_FILTER_LENGTH:
        raise InvalidFieldError(name, f"{name} is longer than {MAX_FILTER_LENGTH} characters")
    text, conditions, position = text.strip(), [], 0
    while position < len(text):
        found = _CONDITION.match(text, position)
        if found is None:
            raise InvalidFieldError(name, f"{name}: {text[position : position + 40]!r} is no condition `field:value`")
        conditions.append(_condition(found[2], _VALUES.findall(found[3]), found[1] == "-", name))
        position = found.end()
    if len(conditions) > MAX_CONDITIONS:
        raise InvalidFieldError(name, f"{name} has more than {MAX_CONDITIONS} conditions")
    return tuple(conditions)


def matches(conditions: Filter, video: Video) -> bool:
    """Whether a filter holds for a video. `policy.masks` does the same for many videos at once."""
    return all(_HOLDS[one.field](one, video) != one.is_excluded for one in conditions)


def in_ranges(condition: Condition, number: float | None) -> bool:
    """Whether a number is in one of a condition's ranges; False for None."""
    return number is not None and any(low <= number <= high for low, high in condition.ranges)


def has_words(words: str, wanted: str) -> bool:
    """Whether a text has, for each wanted word, one that begins with it; both as `words_key` makes them.

    >>> has_words(" late night jazz", " ni late"), has_words(" late night", " ate"), has_words(" late", "")
    (True, False, False)
    """
    return bool(wanted) and all(f" {word}" in words for word in wanted.split())


def is_language(language: str | None, wanted: str) -> bool:
    """Whether a language is the wanted one, or a variant of it."""
    return language is not None and (language == wanted or language.startswith(wanted + "-"))


def _condition(field: str, texts: list[str], is_excluded: bool, name: str) -> Condition:
    if field not in FIELDS:
        raise InvalidFieldError(name, f"{name}: there is no field {field}, but {', '.join(FIELDS)}")
    values = [text.strip('"') for text in texts]
    try:
        if field in NUMERIC_FIELDS:
            return Condition(field, ranges=tuple(map(_range, values)), is_excluded=is_excluded)
        return Condition(field, tuple(dict.fromkeys(map(_NORMAL[field], values))), is_excluded=is_excluded)
    except InvalidFieldError as error:
        raise InvalidFieldError(name, f"{name}: {error}") from None


def _range(text: str) -> tuple[float, float]:
    found = _RANGE.fullmatch(text)
    if found is None or (found[1] is None and found[3] is None) or (found[2] is None and found[3] is not None):
        raise InvalidFieldError("filter", f"{text!r} is no number and no range such as 10..60")
    low = float(found[1]) if found[1] else -inf
    return low, low if found[2] is None else float(found[3]) if found[3] else inf


_NORMAL: Final[dict[str, Callable[[str], str]]] = {
    "tag": tag_key,
    "label": tag_key,
    "title": words_key,
    "language": normal_language,
    "creator": str,
    "video": str,
    "country": normal_country,
}

_HOLDS: Final[dict[str, Callable[[Condition, Video], bool]]] = {
    "tag": lambda one, video: any(tag_key(tag) in one.values for tag in video.tags),
    "label": lambda one, video: any(tag_key(label) in one.values for label in video.labels),
    "title": lambda one, video: any(has_words(words_key(video.title), wanted) for wanted in one.values),
    "language": lambda one, video: any(is_language(video.language, wanted) for wanted in one.values),
    "creator": lambda one, video: video.creator_id in one.values,
    "video": lambda one, video: video.video_id in one.values,
    "country": lambda one, video: not video.countries or any(code in video.countries for code in one.values),
    "age": lambda one, video: in_ranges(one, video.age_rating),
    "duration": lambda one, video: in_ranges(one, None if video.duration_ms is None else video.duration_ms / 1000),
}
