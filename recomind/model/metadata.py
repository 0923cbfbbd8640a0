"""Typed metadata of videos: what filters, rules and restrictions read beside tags and creator.

Text that is compared has one form: languages are in lower case, countries in upper case, labels are compared as tags.
"""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from recomind.model.text import InvalidFieldError, check_url, distinct_tags

MAX_LABELS: Final = 32
MAX_COUNTRIES: Final = 250
MAX_DURATION_MS: Final = 86_400_000
MAX_AGE_RATING: Final = 21

_NO_NUL: Final = r"^[^\x00]*$"
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")

Language = Annotated[str, msgspec.Meta(max_length=35, description="A BCP 47 language tag, such as `en` or `pt-BR`")]
Country = Annotated[str, msgspec.Meta(max_length=2, description="An ISO 3166-1 code of two letters, such as `DE`")]
DurationMs = Annotated[int, msgspec.Meta(ge=1, le=MAX_DURATION_MS)]
AgeRating = Annotated[int, msgspec.Meta(ge=0, le=MAX_AGE_RATING)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_NO_NUL)]
ThumbnailUrl = Annotated[str, msgspec.Meta(max_length=2000, pattern=_NO_NUL)]


class VideoMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a video, checked."""

    language: str | None = None
    """BCP 47, in lower case."""
    countries: tuple[str, ...] = ()
    """Where it may be shown, ISO 3166-1 codes in upper case; empty for everywhere."""
    duration_ms: int | None = None
    age_rating: int = 0
    """Least age of its viewers, in years; 0 for all ages."""
    thumbnail_url: str = ""
    labels: tuple[str, ...] = ()
    """Free labels: filters and rules read them, ranking does not."""


class VideoMetadataDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metadata of a video as a client sends it. What is left out stays as it is stored; null removes it."""

    language: Language | UnsetType | None = UNSET
    """Language that is spoken or written in it."""
    countries: Annotated[tuple[Country, ...], msgspec.Meta(max_length=MAX_COUNTRIES)] | UnsetType | None = UNSET
    """Where it may be shown; empty for everywhere. It is not shown to users whose country is not known."""
    duration_ms: DurationMs | UnsetType | None = UNSET
    """Its length, in milliseconds."""
    age_rating: AgeRating | UnsetType | None = UNSET
    """Least age of its viewers, in years; 0 for all ages. From 1 on, it is not shown to users of unknown age."""
    thumbnail_url: ThumbnailUrl | UnsetType | None = UNSET
    """A still picture of it."""
    labels: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_LABELS)] | UnsetType | None = UNSET
    """Free labels, such as `sponsored`: filters and rules read them, ranking does not."""


METADATA_FIELDS: Final = VideoMetadata.__struct_fields__
_EMPTY: Final = VideoMetadata()


def normal_language(language: str) -> str:
    """A language as it is stored.

    >>> normal_language("pt-BR")
    'pt-br'

    Raises:
        InvalidFieldError: it is no language tag.
    """
    if not _LANGUAGE.fullmatch(language.lower()):
        raise InvalidFieldError("language", "language must be a BCP 47 tag, such as en or pt-BR")
    return language.lower()


def normal_country(country: str, field: str = "country") -> str:
    """A country as it is stored.

    Raises:
        InvalidFieldError: it is no code of two letters.
    """
    if not _COUNTRY.fullmatch(country.upper()):
        raise InvalidFieldError(field, f"{field} must be ISO 3166-1 codes of two letters, such as DE")
    return country.upper()


def metadata_changes(details: VideoMetadataDetails) -> dict[str, Any]:
    """Field to its value in normal form, for the fields that are given.

    Raises:
        InvalidFieldError: a value breaks a rule.
    """
    given = {name: getattr(details, name) for name in METADATA_FIELDS}
    given = {name: value for name, value in given.items() if value is not UNSET}
    return {name: getattr(_EMPTY, name) if value is None else _normal(name, value) for name, value in given.items()}


def _normal(name: str, value: Any) -> Any:
    if name == "language":
        return normal_language(value)
    if name == "countries":
        return tuple(sorted({normal_country(country, "countries") for country in value}))
    if name == "labels":
        return distinct_tags(value, "labels")
    if name == "thumbnail_url":
        check_url("thumbnail_url", value)
    return value
