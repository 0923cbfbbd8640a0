"""`forgetting`: a `Forgetting` for each person whom a partition's videos are to forget, by `partition:user_id`."""

from recomind.runtime.app import RecoMindApp
from recomind.state.forgetting import Forgetting
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Forgetting]:
    """The table on this app."""
    return app.keep("forgetting", Forgetting)
