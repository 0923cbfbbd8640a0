"""How much each action counts: one table, which can be changed while workers run (see `recomind.model.live_settings`).

State holds what users did, never a weight. The weights apply where a user is ranked (tags that the user likes, and what
they do not want) and where an outcome is learned from. So a change acts at once, and a replay gives the same state,
whatever the weights are.
"""

from typing import Annotated

import msgspec

_Weight = Annotated[float, msgspec.Meta(ge=-5.0, le=5.0)]


class ActionWeights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weight of an action by its type: from -5 to 5, relative to that of a like, below 0 for an aversion."""

    like: _Weight = 1.0
    view: _Weight = 0.3
    skip: _Weight = -0.3
    dislike: _Weight = -1.0
    not_interested: _Weight = -1.0
    share: _Weight = 1.0
    comment: _Weight = 0.6
    follow: _Weight = 1.0
    save: _Weight = 0.9
    report: _Weight = -1.5
    watch: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.3
    """How much watch times count: what they teach of a taste, and how early a video is that others watch for long."""

    def of(self, action_type: str) -> float:
        """The weight of a type."""
        weight: float = getattr(self, action_type)
        return weight

    def outcome(self, action_type: str) -> float:
        """What an action teaches about the video that it was shown for, from 0 to 1, which is that of a like.

        Views and skips are no likes: what they teach beside that is in their watch times.
        """
        return 0.0 if action_type in {"view", "skip"} else min(1.0, max(0.0, self.of(action_type)))
