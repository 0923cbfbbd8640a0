"""Running scenarios, each on a fresh stack of its own."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from pathlib import Path

from recomind.dev.bench import SCENARIOS
from recomind.dev.bench.bench import fresh
from recomind.dev.bench.measurements import Figure
from recomind.settings import Settings


def measure(
    settings: Settings, scenarios: Iterable[str], *, data: Path | None, quick: bool, say: Callable[[str], None]
) -> list[Figure]:
    """The figures of scenarios, in their order."""
    figures: list[Figure] = []
    for name in scenarios:
        run = import_module(f"recomind.dev.bench.{SCENARIOS[name]}").run
        with fresh(settings, data, quick=quick, say=partial(_tell, say, name)) as bench:
            figures += asyncio.run(run(bench))
    return figures


def _tell(say: Callable[[str], None], name: str, text: str) -> None:
    say(f"{name}: {text}")
