"""`older_feedback`: an `OlderFeedback` for each 32 likes and other feedback that a user's profile no longer holds.

Neither windowed popularity (`popularity`) nor per-user tags (`profiles`). The table is partitioned by user id. A key is
a user id and the number of the block, as of `seen_blocks`; `Profile.older_blocks` says how many there are. No store has
a copy: only the owner of a user undoes what they did.
"""

from recomind.runtime.app import RecoMindApp
from recomind.state.older_feedback import OlderFeedback
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[OlderFeedback]:
    """Declare the table on an app."""
    return app.Table("older_feedback", value_type=OlderFeedback)
