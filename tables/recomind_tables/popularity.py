"""`popularity`: the mission's windowed popularity, a `Popularity` for each video.

A value has the video's actions per minute of the last hour and per hour of the last week, from which any window is
summed, and scores with five half-lives. The table is partitioned by video id.
"""

from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Popularity]:
    """Declare the table on an app."""
    return app.Table("popularity", value_type=Popularity)
