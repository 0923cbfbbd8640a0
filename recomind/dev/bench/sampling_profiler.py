"""A worker under a sampling profiler: `python -m recomind.dev.bench.sampling_profiler FILE`.

SIGVTALRM starts sampling, and stops it again. Every five milliseconds of processor time the profiler counts the code
area of the innermost frame that belongs to one. When it stops it writes a JSON object to FILE: area to its share of
the samples.
"""

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

SAMPLE_INTERVAL_S: Final = 0.005
"""Processor time between samples."""

TOGGLE_SIGNAL: Final = signal.SIGVTALRM
"""Starts sampling, and stops it again."""

CODE_AREAS: Final = {
    "recomind/recommender": "ranking",
    "recomind/stores/ranking_cache": "ranking cache",
    "recomind/stores/index_loader": "ranking cache",
    "recomind/stores/popularity_follower": "ranking cache",
    "recomind/stores/event_clock": "ranking cache",
    "recomind/state": "folds",
    "recomind/model/signals": "folds",
    "recomind/model/events": "decoding",
    "recomind/stream/codec": "decoding",
    "recomind/stream/encoding": "decoding",
    "recomind/stream/table": "changelogs",
    "recomind/stream/producer": "producer",
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


def area_of(frame: FrameType | None) -> str:
    """The code area of the innermost frame that belongs to one."""
    while frame is not None:
        path = frame.f_code.co_filename
        area = next((area for part, area in CODE_AREAS.items() if f"/{part}" in path), None)
        if area:
            return area
        frame = frame.f_back
    return "event loop"


class Sampler:
    """Counts samples by code area between two signals, and writes their shares to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._samples = Counter[str]()
        self._is_running = False
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(TOGGLE_SIGNAL, self._toggle)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        self._samples[area_of(frame)] += 1

    def _toggle(self, *_: object) -> None:
        self._is_running = not self._is_running
        signal.setitimer(
            signal.ITIMER_PROF, *((SAMPLE_INTERVAL_S, SAMPLE_INTERVAL_S) if self._is_running else (0.0, 0.0))
        )
        if not self._is_running:
            total = max(1, self._samples.total())
            shares = {name: count / total for name, count in self._samples.most_common()}
            self._file.write_bytes(msgspec.json.encode(shares))


def main(file: Path) -> None:
    """Run a worker under the profiler."""
    from recomind.settings import Settings
    from recomind.worker import run

    Sampler(file)
    run(Settings.from_env(os.environ))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
