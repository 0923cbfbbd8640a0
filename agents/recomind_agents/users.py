"""Users: follow the changes of their metadata in PostgreSQL, by which stored lists are judged and new ones made."""

from recomind.runtime.app import RecoMindApp


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.timer(app.options.trending_interval)(app.ranking_cache.users.follow)
