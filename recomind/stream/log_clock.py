"""The clock of the log: what Kafka's time is, measured at each acknowledgement.

Kafka stamps records, and every rule about time is decided by that stamp, so that a replay decides the same. A worker's
own clock may be minutes off. It is only used between two acknowledgements.
"""

from collections import deque
from collections.abc import Callable
from time import time
from typing import Any, Final

LOG_APPEND_TIME: Final = 1
"""The type of a timestamp that Kafka has set."""

MEASUREMENTS: Final = 32
"""How many acknowledgements count: the fastest of them tells best."""


class LogClock:
    """Kafka's time."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._offsets: deque[float] = deque(maxlen=MEASUREMENTS)
        """Kafka's time less ours, at acknowledgements; each is too small by the time that Kafka's answer took."""

    def now(self) -> float:
        """Epoch seconds; our own clock's before the first acknowledgement."""
        return self._clock() + max(self._offsets, default=0.0)

    def note(self, sent: Any) -> float | None:
        """Measure by an acknowledgement.

        Args:
            sent: the metadata that aiokafka returns of a record.

        Returns:
            When Kafka appended the record, epoch seconds; None if the topic holds the producers' times.
        """
        if sent.timestamp_type != LOG_APPEND_TIME or sent.timestamp is None:
            return None
        appended: float = sent.timestamp / 1000
        self._offsets.append(appended - self._clock())
        return appended
