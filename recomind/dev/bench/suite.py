"""Run scenarios, each on a fresh stack."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from pathlib import Path

from recomind.dev.bench import SCENARIOS
from recomind.dev.bench.bench import fresh_bench
from recomind.dev.bench.measurements import Measurement
from recomind.settings import Settings


def run_scenarios(
    settings: Settings, scenarios: Iterable[str], *, data: Path | None, quick: bool, on_progress: Callable[[str], None]
) -> list[Measurement]:
    """Run scenarios in their order and return all measurements."""
    measurements: list[Measurement] = []
    for name in scenarios:
        run = import_module(f"recomind.dev.bench.{SCENARIOS[name]}").run
        with fresh_bench(settings, data, quick=quick, on_progress=partial(_report, on_progress, name)) as bench:
            measurements += asyncio.run(run(bench))
    return measurements


def _report(on_progress: Callable[[str], None], name: str, text: str) -> None:
    on_progress(f"{name}: {text}")
