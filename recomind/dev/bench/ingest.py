"""Ingest: throughput of one worker on a backlog through the whole pipeline, while it also updates lists."""

import asyncio
from pathlib import Path
from time import perf_counter

import msgspec

from recomind.dev.bench.baselines import Timing
from recomind.dev.bench.bench import Bench
from recomind.dev.bench.measurements import Limit, Measurement, at_most
from recomind.dev.bench.processes import running
from recomind.dev.bench.sampling_profiler import TOGGLE_SIGNAL

NAME = "ingest"


async def run(bench: Bench) -> list[Measurement]:
    """Measure the baselines, then the worker, on the same records."""
    actions = bench.actions(bench.size(500_000, 30_000))
    await bench.prepare(bench.videos())
    total = await bench.feed(actions)
    bench.on_progress("a stock Faust agent with one table")
    stock = await _run_baseline(bench, "stock-faust", min(total, 50_000))
    bench.on_progress("plain aiokafka and msgspec")
    plain = await _run_baseline(bench, "plain-aiokafka", total)
    bench.on_progress("a worker, the whole pipeline")
    profile = bench.folder / "profile.json"
    with bench.worker("recomind.dev.bench.sampling_profiler", str(profile)) as worker:
        await worker.wait_until_ready()
        worker.process.send(TOGGLE_SIGNAL)
        started, cpu = perf_counter(), worker.process.cpu_seconds()
        elapsed = await bench.wait_until_committed([worker], total) - started
        cpu = (worker.process.cpu_seconds() - cpu) / total * 1e6
        worker.process.send(TOGGLE_SIGNAL)
        lists = await worker.read_metric("recomind_lists_stored_total")
        until_ranked = await bench.wait_until_ranked([worker]) - started
    rate = total / elapsed
    return [
        Measurement(
            NAME, "throughput of actions", rate, "1/s", Limit("stock Faust agent with one table", _rate(stock), 4.0)
        ),
        Measurement(
            NAME,
            "throughput beside a plain consumer",
            rate,
            "1/s",
            Limit("plain aiokafka and msgspec", _rate(plain), 0.0),
        ),
        Measurement(
            NAME,
            "processor time per action",
            cpu,
            "µs/action",
            at_most("stock Faust agent with one table", _cpu(stock), 0.25),
        ),
        Measurement(NAME, "lists stored meanwhile", lists / elapsed, "1/s"),
        Measurement(NAME, "throughput until every list counts all actions", total / until_ranked, "1/s"),
        *_profile(profile),
    ]


def _profile(file: Path) -> list[Measurement]:
    """Where the worker spent its processor time."""
    shares = msgspec.json.decode(file.read_bytes(), type=dict[str, float])
    return [Measurement(NAME, f"share of processor time: {area}", 100 * share, "%") for area, share in shares.items()]


async def _run_baseline(bench: Bench, name: str, total: int) -> Timing:
    log = Path(bench.folder / f"{name}.log")
    with running(["recomind.dev.bench.baselines", name, bench.settings.kafka_brokers, str(total)], log) as process:
        line = await asyncio.to_thread(process.read_json_line)
    return msgspec.json.decode(line, type=Timing)


def _rate(timing: Timing) -> float:
    return timing.actions / timing.wall


def _cpu(timing: Timing) -> float:
    return timing.cpu / timing.actions * 1e6
