"""What a worker knows of the servers around it, beside whether they answer."""

from collections.abc import Callable, Mapping

from recomind.model.log_identity import LogIdentity
from recomind.stores.log_registry import KnownTopic


class ServerChecks:
    """Results of the checks at start and while the worker runs."""

    def __init__(self, partitions: int) -> None:
        self.log = LogIdentity(partitions)
        """The log of actions; known once the worker has started."""
        self.topics: Mapping[str, KnownTopic] = {}
        """All topics by name, as this worker found them."""
        self.on_eviction: list[Callable[[], object]] = []
        """Called when Redis has deleted values to make room."""
