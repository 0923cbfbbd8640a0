"""A worker whose time is sampled: `python -m recomind.dev.bench.sampling_profiler FILE` tells where its time goes.

From one SIGVTALRM to the next, each five milliseconds of processor time, the innermost frame that belongs to a known
place is counted. FILE gets a JSON object as sampling is switched off: place to its share of the samples.
"""

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

SWITCH: Final = signal.SIGVTALRM
"""Switches sampling on, and off again."""

PLACES: Final = {
    "recomind/recommender": "ranking",
    "recomind/stores/ranking_cache": "figures read for ranking",
    "recomind/state": "folds",
    "recomind/model/signals": "folds",
    "recomind/model/events": "decoding",
    "recomind/stream/codec": "decoding",
    "recomind/stream/table": "changelogs",
    "recomind/stream/producer": "sending",
    "recomind/stores/archive": "archive",
    "agents/recomind_agents/archive": "archive",
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


class Sampler:
    """Counts places once switched on, and writes down what it has counted when switched off."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._places = Counter[str]()
        self._on = False
        signal.signal(signal.SIGPROF, self._take)
        signal.signal(SWITCH, self._switch)

    def _take(self, _: int, frame: FrameType | None) -> None:
        self._places[place_of(frame)] += 1

    def _switch(self, *_: object) -> None:
        self._on = not self._on
        signal.setitimer(signal.ITIMER_PROF, *((EVERY, EVERY) if self._on else (0.0, 0.0)))
        if not self._on:
            total = max(1, self._places.total())
            shares = {name: count / total for name, count in self._places.most_common()}
            self._file.write_bytes(msgspec.json.encode(shares))


def main(file: Path) -> None:
    """Run a worker under a sampler."""
    from recomind.settings import Settings
    from recomind.worker import run

    Sampler(file)
    run(Settings.from_env(os.environ))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
