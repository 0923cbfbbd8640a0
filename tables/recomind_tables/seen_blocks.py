"""`seen_blocks`: a `SeenBlock` for each 256 videos that a user has acted on before those in the profile.

Neither windowed popularity (`popularity`) nor per-user tags (`profiles`). The table is partitioned by user id. A key is
a user id and the number of the block, see `recomind.state.seen_blocks`; `Profile.seen_blocks` says how many there are.
"""

from recomind.runtime.app import RecoMindApp
from recomind.state.seen_blocks import SeenBlock
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[SeenBlock]:
    """Declare the table on an app."""
    return app.Table("seen_blocks", value_type=SeenBlock)
