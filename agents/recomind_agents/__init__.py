"""The agents: each reads a topic or runs on a timer, calls pure functions, and stores or sends what they return.

What belongs here: one agent per file, short enough to see what is awaited in which order. What does not: computations
(`recomind.state`, `recomind.recommender`), SQL and Redis keys (`recomind.stores`), HTTP (`recomind_web`), and what
agents share (`recomind.runtime`). May import `recomind_tables`, `recomind.runtime` and below.

`declare` declares all agents on an app. Faust's autodiscovery is not used: it skips a module that cannot be imported.
"""

from recomind.runtime.app import RecoMindApp
from recomind_agents import (
    anonymous_sessions,
    archive,
    catalogue,
    dead_letters,
    experiments,
    feed_sessions,
    forgetting,
    live_settings,
    log_check,
    neighbours,
    operations,
    popularity,
    profiles,
    refresher,
    republishing,
    retraining,
    rules,
    served_figures,
    served_lists,
    trainer,
    trending,
    users,
    watchdog,
    watermarks,
)

AGENTS = {
    "profiles": profiles,
    "served_lists": served_lists,
    "popularity": popularity,
    "neighbours": neighbours,
    "forgetting": forgetting,
    "served_figures": served_figures,
    "archive": archive,
    "anonymous_sessions": anonymous_sessions,
    "feed_sessions": feed_sessions,
    "dead_letters": dead_letters,
    "refresher": refresher,
    "trainer": trainer,
    "watermarks": watermarks,
    "catalogue": catalogue,
    "trending": trending,
    "users": users,
    "rules": rules,
    "experiments": experiments,
    "live_settings": live_settings,
    "retraining": retraining,
    "republishing": republishing,
    "log_check": log_check,
    "watchdog": watchdog,
    "operations": operations,
}
"""All agents by file. Steps of a commit run in this order within each stage."""


def declare(app: RecoMindApp) -> None:
    """Declare every agent on an app."""
    for agent in AGENTS.values():
        agent.declare(app)
