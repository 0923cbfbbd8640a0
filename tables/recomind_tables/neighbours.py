"""`neighbours`: a `Neighbours` for each video, the videos liked by the same users or liked next.

Neither windowed popularity (`popularity`) nor per-user tags (`profiles`). The table is partitioned by video id.
"""

from recomind.runtime.app import RecoMindApp
from recomind.state.neighbours import Neighbours
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Neighbours]:
    """Declare the table on an app."""
    return app.Table("neighbours", value_type=Neighbours)
