"""`popularity`: a `Popularity` for each video, partitioned by video id."""

from recomind.runtime.app import RecoMindApp
from recomind.state.popularity import Popularity
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Popularity]:
    """The table on this app."""
    return app.keep("popularity", Popularity)
