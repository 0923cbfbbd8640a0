"""The event time of a worker: lists are ranked as of the latest action, not as of the wall clock."""


class EventClock:
    """The latest event time seen."""

    def __init__(self) -> None:
        self.now = 0.0
        """Epoch seconds."""

    def advance(self, event_time: float) -> None:
        """Move on to an event time; an earlier one changes nothing."""
        self.now = max(self.now, event_time)
