"""`profiles`: the mission's per-user tags, a `Profile` for each user.

A value has the user's latest likes, views and skips. Tags are derived from the likes when a list is ranked, as the tags
of a video may arrive or change after it was liked. The table is partitioned by user id.
"""

from recomind.runtime.app import RecoMindApp
from recomind.state.older_feedback import OlderFeedback
from recomind.state.profile import Profile
from recomind.state.seen_blocks import SeenBlock
from recomind.stream.table import Table


def declare(app: RecoMindApp, seen_blocks: Table[SeenBlock], older_feedback: Table[OlderFeedback]) -> Table[Profile]:
    """Declare the table on an app, after the tables of the blocks that profiles count."""
    return app.Table("profiles", value_type=Profile, flushed_after=(seen_blocks, older_feedback))
