"""Ingest: how fast one worker takes in a backlog through the whole pipeline, lists kept fresh meanwhile."""

import asyncio
from pathlib import Path
from time import perf_counter

import msgspec

from recomind.dev.bench.baselines import Took
from recomind.dev.bench.bench import Bench
from recomind.dev.bench.measurements import Figure, Limit, at_most
from recomind.dev.bench.processes import running
from recomind.dev.bench.sampling_profiler import SWITCH

NAME = "ingest"


async def run(bench: Bench) -> list[Figure]:
    """Measure the peers, then the worker, on the same records."""
    actions = bench.log(bench.size(500_000, 30_000))
    await bench.prepare(bench.videos())
    total = await bench.feed(actions)
    bench.say("a stock Faust agent with one table")
    stock = await _peer(bench, "stock-faust", min(total, 50_000))
    bench.say("plain aiokafka and msgspec")
    plain = await _peer(bench, "plain-aiokafka", total)
    bench.say("a worker, the whole pipeline")
    profile = bench.folder / "profile.json"
    with bench.worker("recomind.dev.bench.sampling_profiler", str(profile)) as worker:
        await worker.ready()
        worker.program.send(SWITCH)
        started, cpu = perf_counter(), worker.program.cpu()
        took = await bench.drained([worker], total) - started
        cpu = (worker.program.cpu() - cpu) / total * 1e6
        worker.program.send(SWITCH)
        lists = await worker.gauge("recomind_lists_total")
        fresh = await bench.settled([worker]) - started
    rate = total / took
    return [
        Figure(NAME, "actions taken in", rate, "1/s", Limit("stock Faust agent with one table", _rate(stock), 4.0)),
        Figure(NAME, "beside plain aiokafka and msgspec", rate, "1/s", Limit("plain", _rate(plain), 0.0)),
        Figure(
            NAME, "processor time", cpu, "µs/action", at_most("stock Faust agent with one table", _cpu(stock), 0.25)
        ),
        Figure(NAME, "lists made meanwhile", lists / took, "1/s"),
        Figure(NAME, "actions taken in until every list counts all", total / fresh, "1/s"),
        *_profile(profile),
    ]


def _profile(file: Path) -> list[Figure]:
    """Where the worker's time went while it took actions in."""
    shares = msgspec.json.decode(file.read_bytes(), type=dict[str, float])
    return [Figure(NAME, f"processor time in: {place}", 100 * share, "%") for place, share in shares.items()]


async def _peer(bench: Bench, name: str, total: int) -> Took:
    log = Path(bench.folder / f"{name}.log")
    with running(["recomind.dev.bench.baselines", name, bench.settings.kafka_brokers, str(total)], log) as program:
        line = await asyncio.to_thread(program.answer)
    return msgspec.json.decode(line, type=Took)


def _rate(took: Took) -> float:
    return took.actions / took.wall


def _cpu(took: Took) -> float:
    return took.cpu / took.actions * 1e6
