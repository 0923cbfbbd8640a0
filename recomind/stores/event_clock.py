"""The event time of a worker: lists are ranked as of the latest action, not as of the wall clock.

An action may be stamped some minutes ahead. It moves the time of all others no further than to the present of the log.
"""

from collections.abc import Callable
from math import inf


class EventClock:
    """The latest event time seen."""

    def __init__(self, present: Callable[[], float] = lambda: inf) -> None:
        """Create a clock at 0.

        Args:
            present: the time of the log, epoch seconds, which is never passed.
        """
        self.now = 0.0
        """Epoch seconds."""
        self._present = present

    def advance(self, event_time: float) -> None:
        """Move on to an event time; an earlier one changes nothing."""
        if event_time > self.now:
            self.now = max(self.now, min(event_time, self._present()))
