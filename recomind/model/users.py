"""Users as they are sent, stored and answered: the name, and metadata that says what may be shown to them."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from recomind.model.events import Id
from recomind.model.metadata import Country, Label, Language, normal_country, normal_language
from recomind.model.text import InvalidFieldError, check_printable, distinct_tags

MAX_LISTED: Final = 1000
"""Most creators or tags that a user may follow or block."""

EARLIEST_BIRTH_YEAR: Final = 1900
LATEST_BIRTH_YEAR: Final = 2100

Creators = Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_LISTED)]
Tags = Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_LISTED)]
BirthYear = Annotated[int, msgspec.Meta(ge=EARLIEST_BIRTH_YEAR, le=LATEST_BIRTH_YEAR)]


class UserMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a user, checked."""

    language: str | None = None
    """BCP 47, in lower case."""
    country: str | None = None
    """ISO 3166-1, in upper case."""
    birth_year: int | None = None
    followed_creators: tuple[str, ...] = ()
    blocked_creators: tuple[str, ...] = ()
    followed_tags: tuple[str, ...] = ()
    blocked_tags: tuple[str, ...] = ()


class UserDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user as a client sends it: `{"name":"Ada"}`. Metadata that is left out stays; null removes it."""

    user_id: Id | UnsetType = UNSET
    """May be left out; else it must be the id in the path."""
    name: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")] = ""
    language: Language | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    """Where the user is: they get videos that may be shown there."""
    birth_year: BirthYear | UnsetType | None = UNSET
    """They get videos for the age that they certainly have: one year less than the difference to this year."""
    followed_creators: Creators | UnsetType | None = UNSET
    blocked_creators: Creators | UnsetType | None = UNSET
    """No list of theirs has a video of these creators."""
    followed_tags: Tags | UnsetType | None = UNSET
    blocked_tags: Tags | UnsetType | None = UNSET
    """No list of theirs has a video with one of these tags."""


class UserEntry(msgspec.Struct, frozen=True):
    """A user as stored; it can be sent back by `PUT` as it is."""

    user_id: str
    name: str
    language: str | None = None
    """A BCP 47 language tag, in lower case."""
    country: str | None = None
    """An ISO 3166-1 code of two letters."""
    birth_year: int | None = None
    """Year of birth."""
    followed_creators: tuple[str, ...] = ()
    """Creators that the user follows."""
    blocked_creators: tuple[str, ...] = ()
    """Creators whose videos the user does not get."""
    followed_tags: tuple[str, ...] = ()
    """Tags that the user follows."""
    blocked_tags: tuple[str, ...] = ()
    """Tags whose videos the user does not get."""


class UserChange(msgspec.Struct, frozen=True):
    """What a user's row says after a change."""

    user_id: str
    version: int
    """Number of the change; a later change of the user has a larger one."""
    metadata: UserMetadata | None
    """None if there is no row."""


ALL_USERS: Final = ""
"""Stands in the place of an id for all users: the table was emptied."""

USER_FIELDS: Final = UserMetadata.__struct_fields__
NO_METADATA: Final = UserMetadata()


def user_metadata_changes(user_id: str, details: UserDetails) -> dict[str, Any]:
    """Field of `UserMetadata` to its value in normal form, for the fields that are given.

    Raises:
        InvalidFieldError: a value breaks a rule.
    """
    if details.user_id not in {UNSET, user_id}:
        raise InvalidFieldError("user_id", "user_id must be the id in the path, or be left out")
    given = {name: getattr(details, name) for name in USER_FIELDS}
    given = {name: value for name, value in given.items() if value is not UNSET}
    return {
        name: getattr(NO_METADATA, name) if value is None else _normal(name, value) for name, value in given.items()
    }


def _normal(name: str, value: Any) -> Any:
    if name == "language":
        return normal_language(value)
    if name == "country":
        return normal_country(value)
    if name.endswith("_tags"):
        return distinct_tags(value, name)
    if name.endswith("_creators"):
        for creator_id in value:
            check_printable(name, creator_id)
        return tuple(dict.fromkeys(value))
    return value
