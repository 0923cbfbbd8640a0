"""A worker whose time is sampled: `python -m recomind.bench.profiled FILE` writes down where its time goes.

Each five milliseconds of processor time the kernel interrupts it, and the innermost frame that belongs to a known
place is counted. FILE gets a JSON object: place to its share of the samples.
"""

import atexit
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

EVERY: Final = 0.005
"""Processor seconds between samples."""

PLACES: Final = {
    "recomind/ranking": "ranking",
    "recomind/candidates": "ranking",
    "recomind/recommender": "ranking",
    "recomind/stores/replica": "figures read for ranking",
    "recomind/state": "folds",
    "recomind/signals": "folds",
    "recomind/events": "decoding",
    "agents/reading": "decoding",
    "recomind/transport/table": "changelogs",
    "recomind/transport/sending": "sending",
    "recomind/stores/archive": "archive",
    "agents/archive": "archive",
    "recomind/stores": "Redis",
    "site-packages/redis": "Redis",
    "site-packages/asyncpg": "archive",
    "site-packages/aiokafka": "Kafka client",
    "site-packages/faust": "Faust",
    "site-packages/mode": "Faust",
    "site-packages/aiohttp": "HTTP",
    "agents": "agents",
    "web": "HTTP",
    "recomind": "elsewhere in recomind",
}


def place_of(frame: FrameType | None) -> str:
    """The place of the innermost frame that has one."""
    while frame is not None:
        path = frame.f_code.co_filename
        found = next((place for part, place in PLACES.items() if f"/{part}" in path), None)
        if found:
            return found
        frame = frame.f_back
    return "event loop"


def sample(into: Counter[str]) -> None:
    """Begin to count."""

    def take(_: int, frame: FrameType | None) -> None:
        into[place_of(frame)] += 1

    signal.signal(signal.SIGPROF, take)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)


def main(file: Path) -> None:
    """Run a worker; write down at the end."""
    from recomind.settings import Settings
    from recomind.worker import run

    places = Counter[str]()

    def write() -> None:
        total = max(1, places.total())
        file.write_bytes(msgspec.json.encode({place: count / total for place, count in places.most_common()}))

    atexit.register(write)
    sample(places)
    run(Settings.from_env({key: value for key, value in os.environ.items() if key.startswith("RECOMIND_")}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
