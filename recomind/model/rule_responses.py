"""Bodies of the HTTP API about rules and scenarios."""

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


class ScenarioEntry(msgspec.Struct, frozen=True):
    """A scenario."""

    name: str
    scenario: Scenario
    """As it can be put again."""


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
