"""Scale out: what an action costs in all when 1, 2 or 4 workers share the work.

The groups are there at once, each on a stack of its own, and take turns: a machine that is slower for a minute slows
all of them.
"""

from asyncio import sleep
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from recomind.dev.bench.bench import Bench, Worker, fresh
from recomind.dev.bench.measurements import Figure, Limit, at_most
from recomind.model.events import Action

NAME = "scale"

WORKERS = (1, 2, 4)

ROUNDS = 3
"""Rounds in which the groups take turns; of each the median counts."""

PEOPLE = 24_000
"""Of the simulated audience: as many actions as are of different people."""

REST = 3.0
"""Seconds for the group to come to rest after the last worker has joined."""


async def run(bench: Bench) -> list[Figure]:
    """Let groups take in the same actions, round by round.

    Each action is another person's, as else a slower group would make fewer lists for the same actions. A first part
    warms the workers up: what each has to connect to, load and read at first is paid once, not by the action.
    """
    log = bench.log(bench.size(80_000, 5_000), people=PEOPLE)
    actions = list({action.user_id: action for action in log}.values())
    rounds = bench.size(ROUNDS, 1)
    size = len(actions) // (1 + rounds)
    parts = [actions[number * size : (number + 1) * size] for number in range(1 + rounds)]
    with ExitStack() as stack:
        groups = [await _group(bench, stack, count) for count in WORKERS]
        costs = []
        for number, part in enumerate(parts):
            bench.say(f"round {number} of {rounds}")
            costs.append([await group.cost(part) for group in groups])
    alone, *others = (median(some) for some in zip(*costs[1:], strict=True))
    return [
        Figure(NAME, "processor time of all, 1 worker", alone, "µs/action"),
        *(
            Figure(NAME, f"processor time of all, {count} workers", cost, "µs/action", _limit(alone))
            for count, cost in zip(WORKERS[1:], others, strict=True)
        ),
    ]


def _limit(alone: float) -> Limit:
    return at_most("1 worker", alone, 1.2)


class Group:
    """Workers that share the work."""

    def __init__(self, bench: Bench, workers: Sequence[Worker]) -> None:
        self._bench = bench
        self._workers = workers
        self._taken = 0

    async def ready(self) -> None:
        """Wait until all have joined, and the group has come to rest."""
        for wait in (0.0, REST):
            await sleep(wait)
            for worker in self._workers:
                await worker.ready()

    async def cost(self, actions: Sequence[Action]) -> float:
        """Processor microseconds of all workers for one of these actions, its list included."""
        self._taken += len(actions)
        return await self._bench.taken_in(self._workers, actions, self._taken) / len(actions) * 1e6


async def _group(bench: Bench, stack: ExitStack, count: int) -> Group:
    """So many workers on a fresh stack, which end with the block."""
    bench.say(f"{count} workers")
    one = stack.enter_context(fresh(bench.settings, bench.data, quick=bench.quick, say=bench.say))
    await one.prepare(one.videos())
    group = Group(one, [stack.enter_context(one.worker()) for _ in range(count)])
    await group.ready()
    return group
