"""Bodies of the HTTP API about rules and scenarios."""

from typing import Literal

import msgspec

from recomind.model.rules import Rule, Scenario


class RuleEntry(msgspec.Struct, frozen=True):
    """A rule, and what it does."""

    rule_id: str
    rule: Rule
    """As it can be put again."""
    active: bool
    """Whether it acts now."""
    lists: int
    """Lists of the last hour in which it left out, moved or pinned a video."""
    videos: int
    """How often it left out, moved or pinned a video in these lists."""
    changed_by: str = ""
    """Name of the API key that changed it last; empty where requests need none, or before this was stored."""
    changed_at: float | None = None
    """When it was changed last, epoch seconds; null before this was stored."""


class ScenarioEntry(msgspec.Struct, frozen=True):
    """A scenario."""

    name: str
    scenario: Scenario
    """As it can be put again."""
    changed_by: str = ""
    """Name of the API key that changed it last; empty where requests need none, or before this was stored."""
    changed_at: float | None = None
    """When it was changed last, epoch seconds; null before this was stored."""


class RulebookChange(msgspec.Struct, frozen=True):
    """A change of a rule or scenario."""

    kind: Literal["rule", "scenario"]
    name: str
    rule: Rule | None
    """The rule as it was put; null if it was deleted, or if the change is of a scenario."""
    scenario: Scenario | None
    """The scenario as it was put; null if it was deleted, or if the change is of a rule."""
    changed_by: str
    """Name of the API key; empty where requests need none."""
    changed_at: float | None
    """Epoch seconds."""


class PreviewVideo(msgspec.Struct, frozen=True):
    """A video of a preview."""

    video_id: str
    title: str
    matches: bool
    """Whether the rule is about it."""


class RulePreview(msgspec.Struct, frozen=True):
    """What a rule does to a user's list."""

    rule_id: str
    user_id: str
    scenario: str
    """For which the lists are ranked."""
    before: tuple[PreviewVideo, ...]
    """The list without the rule."""
    after: tuple[PreviewVideo, ...]
    """The list with the rule."""
