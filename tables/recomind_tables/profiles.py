"""`profiles`: a `Profile` for each user, partitioned by user id."""

from recomind.runtime.app import RecoMindApp
from recomind.state.profile import Profile
from recomind.stream.table import Table


def declare(app: RecoMindApp) -> Table[Profile]:
    """The table on this app."""
    return app.keep("profiles", Profile)
