"""A worker with a faulty agent or timer, or with slow fetches: `python -m tests.faults.faulty_worker KIND`."""

import asyncio
import os
import sys
import time

import recomind_agents
from recomind.settings import Settings
from recomind.stream import topics
from recomind.stream.consumer import Consumer
from recomind.worker import run

LATE_S = 2.5


async def raises(_):
    raise ValueError("broken on purpose")


async def raises_in_a_timer():
    raise ValueError("broken on purpose")


async def hangs(_):
    await asyncio.Event().wait()


async def blocks(_):
    time.sleep(3_600)  # noqa: ASYNC251 the fault itself


def fetch_lists_late(app):
    """Have served lists come seconds late, and nothing tell of them before."""
    put, note_fetch = app.served_window.put, Consumer._note_fetch

    async def put_late(partition, records):
        await asyncio.sleep(LATE_S)
        return await put(partition, records)

    async def note_no_lists(consumer, records, places):
        await note_fetch(consumer, records, places)
        for tp in [tp for tp in app.monitor.tp_end_offsets if tp.topic == topics.SERVED_LISTS]:
            del app.monitor.tp_end_offsets[tp]

    app.served_window.put, Consumer._note_fetch = put_late, note_no_lists


def add_fault(app, kind):
    if kind == "late lists":
        fetch_lists_late(app)
    elif kind == "timer":
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
