"""The composition root: makes the app, lets tables, agents and web declare themselves on it, and runs it."""

import gc
import logging
from typing import Final

import faust
import uvloop

import agents
from recomind.app import RecoMindApp, create_app
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.read_model import ReadModel
from recomind.stores.values import RedisValues
from web import routes

GC_THRESHOLDS: Final = (20_000, 20, 50)
"""Allocations until the garbage collector looks at the young, and rounds until it looks at older objects.

State is millions of small values without cycles: Python's usual thresholds spend a third of a fold on walking them.
"""


def build(settings: Settings) -> RecoMindApp:
    """A complete app over real stores; nothing is connected yet."""
    read_model = ReadModel(RedisValues(settings.redis_url))
    app = create_app(settings, read_model, Archive(settings.postgres_dsn))
    agents.declare(app)
    routes.declare(app)
    return app


def run(settings: Settings) -> None:
    """Run a worker until it is told to stop. Ends the process, with 1 after a failure."""
    uvloop.install()
    logging.disable(logging.DEBUG)  # Faust and aiokafka build two debug records for each one they send
    gc.set_threshold(*GC_THRESHOLDS)
    app = build(settings)
    faust.Worker(app, loglevel=settings.log_level.upper(), redirect_stdouts=False).execute_from_commandline()
