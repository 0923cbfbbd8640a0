"""Scale out: what an action costs in all when 1, 2 or 4 workers share the work."""

from asyncio import sleep
from contextlib import ExitStack

from recomind.bench.bench import Bench, fresh
from recomind.bench.figures import Figure, Limit, at_most

NAME = "scale"

WORKERS = (1, 2, 4)

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

    Each action is another person's, as else a slower group would make fewer lists for the same actions.
    """
    log = bench.log(bench.size(40_000, 5_000))
    actions = list({action.user_id: action for action in log}.values())
    await bench.prepare(bench.videos())
    with ExitStack() as stack:
        workers = [stack.enter_context(bench.worker()) for _ in range(count)]
        for worker in workers:
            await worker.ready()
        await sleep(REST)
        for worker in workers:
            await worker.ready()
        cpu = sum(worker.program.cpu() for worker in workers)
        await bench.feed(actions)
        await bench.drained(workers, len(actions))
        await bench.settled(workers)
        return (sum(worker.program.cpu() for worker in workers) - cpu) / len(actions) * 1e6
