"""`neighbours`: a `Neighbours` for each video, partitioned by video id."""

from recomind.runtime.app import RecoMindApp
from recomind.state.neighbours import Neighbours
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Neighbours]:
    """The table on this app."""
    return app.keep("neighbours", Neighbours)
