"""Scale out: what an action costs in all when 1, 2 or 4 workers share the work."""

from asyncio import sleep
from collections.abc import Sequence
from contextlib import ExitStack

from recomind.bench.bench import GLANCE, Bench, Worker, fresh
from recomind.bench.figures import Figure, Limit, at_most
from recomind.events import Action

NAME = "scale"

WORKERS = (1, 2, 4)

PEOPLE = 12_000
"""Of the simulated audience: as many actions as are of different people."""

REST = 3.0
"""Seconds for the group to come to rest after the last worker has joined."""


async def run(bench: Bench) -> list[Figure]:
    """The same actions with each number of workers, on a fresh stack each."""
    costs: dict[int, float] = {}
    for count in WORKERS:
        bench.say(f"{count} workers")
        with fresh(bench.settings, bench.data, quick=bench.quick, say=bench.say) as one:
            costs[count] = await _cost(one, count)
    alone = costs[WORKERS[0]]
    return [
        Figure(NAME, "processor time of all, 1 worker", alone, "µs/action"),
        *(
            Figure(NAME, f"processor time of all, {count} workers", costs[count], "µs/action", _limit(alone))
            for count in WORKERS[1:]
        ),
    ]


def _limit(alone: float) -> Limit:
    return at_most("1 worker", alone, 1.2)


async def _cost(bench: Bench, count: int) -> float:
    """Processor microseconds of all workers for an action, its list included.

    Each action is another person's, as else a slower group would make fewer lists for the same actions. The first fifth
    warms the workers up: what each has to connect to, load and read at first is paid once, not by the action.
    """
    log = bench.log(bench.size(40_000, 5_000), people=PEOPLE)
    actions = list({action.user_id: action for action in log}.values())
    warming = len(actions) // 5
    await bench.prepare(bench.videos())
    with ExitStack() as stack:
        workers = [stack.enter_context(bench.worker()) for _ in range(count)]
        for worker in workers:
            await worker.ready()
        await sleep(REST)
        for worker in workers:
            await worker.ready()
        await _take_in(bench, workers, actions[:warming], warming)
        cpu = sum(worker.program.cpu() for worker in workers)
        await _take_in(bench, workers, actions[warming:], len(actions))
        return (sum(worker.program.cpu() for worker in workers) - cpu) / (len(actions) - warming) * 1e6


async def _take_in(bench: Bench, workers: Sequence[Worker], actions: Sequence[Action], total: int) -> None:
    """Feed actions, which make `total` in all, and wait until all of them are in lists."""
    await bench.feed(actions)
    await bench.drained(workers, total)
    await bench.settled(workers, GLANCE)
