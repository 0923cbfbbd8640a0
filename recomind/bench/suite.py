"""Running scenarios, each on a fresh stack of its own."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from recomind.bench.bench import Bench
from recomind.bench.figures import Figure
from recomind.settings import Settings
from recomind.stack.stack import Stack


def measure(
    settings: Settings, scenarios: Iterable[str], *, data: Path | None, quick: bool, say: Callable[[str], None]
) -> list[Figure]:
    """The figures of scenarios, in their order."""
    figures: list[Figure] = []
    for name in scenarios:
        run = import_module(f"recomind.bench.{name}").run
        with TemporaryDirectory(prefix="recomind-bench-") as folder:
            wanted = replace(settings, data_dir=folder, kafka_brokers="", postgres_dsn="", redis_url="")
            Path(folder).chmod(0o755)  # PostgreSQL runs as another user than root
            tell = partial(_tell, say, name)
            with Stack(wanted, on_progress=tell) as stack:
                figures += asyncio.run(run(Bench(stack.settings, Path(folder), data, quick, tell)))
    return figures


def _tell(say: Callable[[str], None], name: str, text: str) -> None:
    say(f"{name}: {text}")
