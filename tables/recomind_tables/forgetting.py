"""`forgetting`: an `Erasure` for each user whom a partition of videos has to erase, by `partition:user_id`.

Neither windowed popularity (`popularity`) nor per-user tags (`profiles`). The table is partitioned as videos are: each
of its partitions has an entry for every erased user.
"""

from recomind.runtime.app import RecoMindApp
from recomind.state.forgetting import Erasure
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Erasure]:
    """Declare the table on an app."""
    return app.Table("forgetting", value_type=Erasure)
