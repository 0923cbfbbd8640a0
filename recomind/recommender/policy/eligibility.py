"""Which videos a list may hold: filters of the request, the scenario and the rules, and restrictions of the user."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from recomind.model.filters import Condition, Filter
from recomind.model.text import tag_key
from recomind.model.users import NO_METADATA, UserMetadata
from recomind.recommender.index.columns import NO_ROWS, Rows
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.compiled_rules import CompiledRules
from recomind.recommender.policy.masks import Mask, Masks

NO_COUNTRY: Final = "--"
"""No country has this code: only videos without restrictions may be shown there."""


class Eligibility(NamedTuple):
    """Conditions on the videos of a list; all must hold."""

    masks: Masks
    shared: tuple[tuple[str, Filter], ...]
    """(what it is called in explanations, filter); few distinct ones, whose masks are cached."""
    personal: tuple[tuple[str, Filter], ...]
    """The same for conditions of one user, which are evaluated for the rows in question."""
    rules: CompiledRules | None
    """Whose filters count."""
    extensions: tuple[tuple[str, Callable[[Rows], Mask]], ...] = ()
    """(what it is called in explanations, filter) of extensions."""

    def of(self, rows: Rows) -> Mask:
        """Whether each row may be in the list, shape (rows,)."""
        if self.rules is not None and self.rules.has_filters:
            found = self.rules.filtered_by.take(rows) < 0
        else:
            found = np.ones(len(rows), np.bool_)
        for _, conditions in self.shared:
            found &= self.masks.of(conditions).take(rows)
        for _, conditions in self.personal:
            found &= self.masks.holds(conditions, rows)
        for _, permits in self.extensions:
            found &= permits(rows)
        return found

    def filtered_by(self, rows: Rows) -> Rows:
        """The numbers of the rules that filter some distinct rows out, one for each of these."""
        if self.rules is None or not self.rules.has_filters:
            return NO_ROWS
        numbers = self.rules.filtered_by.take(rows)
        return numbers[numbers >= 0]

    def reason(self, row: int) -> str | None:
        """Why a video may not be in the list; None if it may."""
        rows = np.array([row])
        if self.rules is not None and (number := int(self.rules.filtered_by[row])) >= 0:
            return f"filtered by rule {self.rules.ids[number]}"
        for name, conditions in (*self.shared, *self.personal):
            if not self.masks.holds(conditions, rows)[0]:
                return name
        return next((name for name, permits in self.extensions if not permits(rows)[0]), None)


def age_of(metadata: UserMetadata, year: int) -> int:
    """The least age of a user in a year, from the year of birth; 0 if it is not known.

    >>> age_of(UserMetadata(birth_year=2008), 2026)
    17
    """
    return 0 if metadata.birth_year is None else max(0, year - metadata.birth_year - 1)


def is_restricted(index: VideoIndex, user_id: str, metadata: UserMetadata) -> bool:
    """Whether `restrictions` may find any."""
    is_open = not (index.metadata.rated or index.metadata.restricted or user_id in index.creator_rows)
    return metadata is not NO_METADATA or not is_open


def restrictions(
    index: VideoIndex, user_id: str, metadata: UserMetadata, year: int
) -> tuple[list[tuple[str, Filter]], list[tuple[str, Filter]]]:
    """What a user may not see: shared and personal conditions; both empty for most users.

    Args:
        index: which says whether any video is restricted at all.
        user_id: the user's; empty for nobody.
        metadata: the user's.
        year: the present one.
    """
    shared, personal = list[tuple[str, Filter]](), list[tuple[str, Filter]]()
    if index.metadata.rated:
        ages = Condition("age", ranges=((0.0, float(age_of(metadata, year))),))
        shared.append(("filtered by age rating", (ages,)))
    if index.metadata.restricted:
        shared.append(("filtered by country", (Condition("country", (metadata.country or NO_COUNTRY,)),)))
    if user_id in index.creator_rows:
        personal.append(("filtered: the user's own upload", (Condition("creator", (user_id,), is_excluded=True),)))
    if metadata is not NO_METADATA:
        if metadata.blocked_creators:
            blocked = Condition("creator", metadata.blocked_creators, is_excluded=True)
            personal.append(("filtered: the user has blocked its creator", (blocked,)))
        if metadata.blocked_tags:
            blocked = Condition("tag", tuple(map(tag_key, metadata.blocked_tags)), is_excluded=True)
            personal.append(("filtered: the user has blocked a tag of it", (blocked,)))
    return shared, personal
