"""A worker with something broken in it: `python -m tests.faults.broken KIND`."""

import asyncio
import os
import sys
import time

import recomind_agents
from recomind.settings import Settings
from recomind.stream import topics
from recomind.worker import run


async def raises(_):
    raise ValueError("broken on purpose")


async def raises_in_a_timer():
    raise ValueError("broken on purpose")


async def hangs(_):
    await asyncio.Event().wait()


async def blocks(_):
    time.sleep(3_600)  # noqa: ASYNC251 the fault itself


def break_it(app, kind):
    if kind == "timer":
        app.every(0.2, raises_in_a_timer)
    else:
        app.consume(topics.ACTIONS, "broken", {"raises": raises, "hangs": hangs, "blocks": blocks}[kind])


if __name__ == "__main__":
    declare = recomind_agents.declare

    def declare_all(app):
        declare(app)
        break_it(app, sys.argv[1])

    recomind_agents.declare = declare_all
    run(Settings.from_env(os.environ))
