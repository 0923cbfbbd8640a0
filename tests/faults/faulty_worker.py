"""A worker with a faulty agent or timer: `python -m tests.faults.faulty_worker KIND`."""

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


def add_fault(app, kind):
    if kind == "timer":
        app.timer(interval=0.2)(raises_in_a_timer)
    else:
        handle = {"raises": raises, "hangs": hangs, "blocks": blocks}[kind]
        app.batch_agent(topics.ACTIONS, name="faulty")(handle)


if __name__ == "__main__":
    declare = recomind_agents.declare

    def declare_all(app):
        declare(app)
        add_fault(app, sys.argv[1])

    recomind_agents.declare = declare_all
    run(Settings.from_env(os.environ))
