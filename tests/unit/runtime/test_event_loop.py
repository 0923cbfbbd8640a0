"""Tasks that compute share the event loop with requests."""

import asyncio

from recomind.runtime import event_loop
from recomind.runtime.event_loop import YIELDS, TimeSlices


async def test_between_two_slices_all_other_tasks_run_however_many_tasks_compute(monkeypatch):
    monkeypatch.setattr(event_loop, "SLICE_S", 0.0)
    slices, order = TimeSlices(), []

    async def compute(name):
        time_slice = slices.begin()
        for _ in range(3):
            order.append(name)
            await time_slice.end_if_due()

    async def request():
        for _ in range(6):
            order.append("request")
            await asyncio.sleep(0)

    await asyncio.gather(*(compute(name) for name in "abcdefgh"), request())
    first_round = order.index("request")
    assert first_round == 8
    between = "".join("r" if one == "request" else "c" for one in order[8:])
    assert "r" * YIELDS in between
    assert "cc" not in between[: between.rindex("r")]


async def test_a_task_goes_on_within_its_slice(monkeypatch):
    monkeypatch.setattr(event_loop, "SLICE_S", 60.0)
    time_slice, other = TimeSlices().begin(), asyncio.create_task(asyncio.sleep(0))
    for _ in range(100):
        await time_slice.end_if_due()
    assert not other.done()
    await other


def test_slices_are_short_while_any_request_is_answered():
    slices = TimeSlices()
    with slices.answering():
        with slices.answering():
            assert slices.length_s == event_loop.ANSWERING_SLICE_S
        assert slices.length_s == event_loop.ANSWERING_SLICE_S
    assert slices.length_s == event_loop.SLICE_S


async def test_a_slice_that_begins_while_a_request_is_answered_ends_sooner(monkeypatch):
    monkeypatch.setattr(event_loop, "SLICE_S", 60.0)
    monkeypatch.setattr(event_loop, "ANSWERING_SLICE_S", 0.0)
    slices, order = TimeSlices(), []
    with slices.answering():
        time_slice = slices.begin()

    async def other():
        order.append("other")

    task = asyncio.create_task(other())
    await time_slice.end_if_due()
    assert (order, slices.length_s) == (["other"], 60.0)
    await task
