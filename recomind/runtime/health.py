"""Why a worker that runs does not do all of its work: what waits, and what will not mend itself.

`/readyz` says `degraded` with the reasons, and the metric `recomind_is_degraded` has the causes. The worker serves
lists all the same, so a load balancer may go on sending requests to it.
"""

from collections.abc import Mapping
from typing import Final

from mode.utils.logging import get_logger

from recomind.runtime.heartbeat import Heartbeat

logger = get_logger(__name__)

WAITING: Final = "waiting"
"""A server is away; work is tried again, and nothing is lost."""

REFUSED: Final = "refused"
"""Kafka refuses what has to be stored before offsets are committed."""

LOG_CUT: Final = "log_cut"
"""Retention has deleted records before they were read."""

ERASURE: Final = "erasure"
"""Users cannot be erased."""

TOPICS: Final = "topics"
"""Topics were changed so that not every action is taken in."""

CAUSES: Final = (WAITING, REFUSED, LOG_CUT, ERASURE, TOPICS)
"""Every cause, as the metric names it."""


class Health:
    """The reasons for which a worker is degraded, by cause."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self._reasons: dict[tuple[str, object], str] = {}
        """Cause and subject to the reason."""

    def degrade(self, cause: str, reason: str, subject: object = None) -> None:
        """Note why the worker is degraded, until `recover` is called; logged when it is new.

        Args:
            cause: one of `CAUSES`.
            reason: a sentence that says what to do.
            subject: what it is about, such as a partition: each has a reason of its own.
        """
        if self._reasons.get((cause, subject)) != reason:
            logger.error("%s", reason)
        self._reasons[cause, subject] = reason

    def recover(self, cause: str, subject: object = None) -> None:
        """Note that a cause is gone."""
        if reason := self._reasons.pop((cause, subject), None):
            logger.warning("no longer so: %s", reason)

    @property
    def reasons(self) -> Mapping[str, str]:
        """Cause to reason; empty if the worker does all of its work."""
        reasons: dict[str, str] = {}
        for (cause, _), reason in self._reasons.items():
            reasons[cause] = f"{reasons[cause]}; {reason}" if cause in reasons else reason
        if waits_for := self._heartbeat.waits_for:
            reasons[WAITING] = waits_for
        return reasons
