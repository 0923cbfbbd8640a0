"""Scale out: total processor time per action when 1, 2 or 4 workers share the partitions.

The groups run at the same time, each on a stack of its own, and take turns: if the machine slows down for a minute,
all are affected.
"""

from asyncio import sleep
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from recomind.dev.bench.bench import Bench, Worker, fresh_bench
from recomind.dev.bench.measurements import Limit, Measurement, at_most
from recomind.model.events import Action

NAME = "scale"

WORKER_COUNTS = (1, 2, 4)

ROUNDS = 3
"""Rounds in which the groups take turns; the median counts."""

USERS = 24_000
"""Simulated users, and so the most actions of different users."""

REBALANCE_PAUSE_S = 3.0
"""Pause after the last worker has joined, in which the consumer group finishes rebalancing."""


async def run(bench: Bench) -> list[Measurement]:
    """Let all groups process the same actions, round by round.

    Each action is of another user; otherwise a slower group would produce fewer lists for the same actions. A first
    part warms up the workers: connecting and loading happen once, and are no cost per action.
    """
    log = bench.actions(bench.size(80_000, 5_000), users=USERS)
    actions = list({action.user_id: action for action in log}.values())
    rounds = bench.size(ROUNDS, 1)
    size = len(actions) // (1 + rounds)
    parts = [actions[number * size : (number + 1) * size] for number in range(1 + rounds)]
    with ExitStack() as exit_stack:
        groups = [await _group(bench, exit_stack, count) for count in WORKER_COUNTS]
        costs = []
        for number, part in enumerate(parts):
            bench.on_progress(f"round {number} of {rounds}")
            costs.append([await group.cost(part) for group in groups])
    single, *shared = (median(some) for some in zip(*costs[1:], strict=True))
    return [
        Measurement(NAME, "processor time per action, 1 worker", single, "µs/action"),
        *(
            Measurement(NAME, f"processor time per action, {count} workers together", cost, "µs/action", _limit(single))
            for count, cost in zip(WORKER_COUNTS[1:], shared, strict=True)
        ),
    ]


def _limit(single: float) -> Limit:
    return at_most("1 worker", single, 1.2)


class Group:
    """Workers of one consumer group."""

    def __init__(self, bench: Bench, workers: Sequence[Worker]) -> None:
        self._bench = bench
        self._workers = workers
        self._fed = 0

    async def wait_until_ready(self) -> None:
        """Wait until all workers have joined and the group has finished rebalancing."""
        for wait in (0.0, REBALANCE_PAUSE_S):
            await sleep(wait)
            for worker in self._workers:
                await worker.wait_until_ready()

    async def cost(self, actions: Sequence[Action]) -> float:
        """Processor time of all workers per action with its list, microseconds."""
        self._fed += len(actions)
        return await self._bench.process(self._workers, actions, self._fed) / len(actions) * 1e6


async def _group(bench: Bench, exit_stack: ExitStack, count: int) -> Group:
    """A group of `count` workers on a fresh stack; they stop when `exit_stack` is closed."""
    bench.on_progress(f"{count} workers")
    one = exit_stack.enter_context(
        fresh_bench(bench.settings, bench.data, quick=bench.quick, on_progress=bench.on_progress)
    )
    await one.prepare(one.videos())
    group = Group(one, [exit_stack.enter_context(one.worker()) for _ in range(count)])
    await group.wait_until_ready()
    return group
