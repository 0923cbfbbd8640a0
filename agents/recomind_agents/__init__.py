"""The agents: each reads a topic or a clock, calls pure functions of the core, and writes down what they decide.

What belongs here: one agent a file, with bodies short enough to see what is awaited in which order. What does not:
arithmetic (the core), SQL and keys (`recomind.stores`), HTTP (`recomind_web`). May import `recomind_tables`,
`recomind.runtime` and below.
`declare` puts them all on an app; there is no autodiscovery, which would skip a broken module with a warning.
"""

from recomind.runtime.app import RecoMindApp
from recomind_agents import (
    archive,
    dead_letters,
    forgetting,
    neighbours,
    operations,
    popularity,
    profiles,
    recommendations,
    training,
    trending,
    watchdog,
)

AGENTS = {
    "profiles": profiles,
    "popularity": popularity,
    "neighbours": neighbours,
    "forgetting": forgetting,
    "archive": archive,
    "dead_letters": dead_letters,
    "recommendations": recommendations,
    "trending": trending,
    "training": training,
    "watchdog": watchdog,
    "operations": operations,
}


def declare(app: RecoMindApp) -> None:
    """Put every agent on the app."""
    for agent in AGENTS.values():
        agent.declare(app)
