"""One limit for repeated log lines, whoever writes them: while a server is away, clients repeat themselves."""

import logging
import re
from collections.abc import Callable
from time import monotonic
from typing import Final

INTERVAL_S: Final = 30.0
"""Seconds in which lines of one kind are limited."""

LINES_PER_INTERVAL: Final = 10
"""Lines of one kind in that time; the first line after it says how many were left out."""

MAX_KINDS: Final = 1_000
"""Kinds that are remembered; beyond it all are forgotten, and so are counted anew."""

_NUMBER: Final = re.compile(r"\d+")


class RepetitionFilter(logging.Filter):
    """Leaves out repeated records. Two are of one kind if they differ only in numbers."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[tuple[str, int, str], tuple[float, int]] = {}
        """Kind to the start of its interval, and its records since then."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to print a record."""
        now, message = self._clock(), record.getMessage()
        kind = (record.name, record.levelno, _NUMBER.sub("#", message))
        began, count = self._kinds.get(kind, (now, 0))
        if now - began >= INTERVAL_S:
            left_out = count - LINES_PER_INTERVAL
            if left_out > 0:
                record.msg, record.args = f"{message} ({left_out} more like it in {now - began:.0f} s)", ()
            began, count = now, 0
        if len(self._kinds) >= MAX_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (began, count + 1)
        return count < LINES_PER_INTERVAL


def limit_repetitions() -> None:
    """Filter what the root logger's handlers print."""
    only = RepetitionFilter()
    for handler in logging.getLogger().handlers:
        handler.addFilter(only)
