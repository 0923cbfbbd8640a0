"""The identity of the log of actions: which Kafka topic the state was made from, and what follows from that."""

import msgspec


class LogIdentity(msgspec.Struct, frozen=True):
    """Which log `video_actions_stream` is, as Kafka and PostgreSQL say.

    Offsets mean something only together with their log: a Kafka that was replaced by an empty one counts from 0 again.
    """

    partitions: int
    """How many partitions the topic has."""
    log_id: str = ""
    """Ids of Kafka's cluster and of the topic, `cluster/topic`; a rerouted record carries it as proof."""
    prefix: str = ""
    """Distinguishes ids and fencing tokens from those of earlier logs; empty for the first log of a deployment."""
    erasure_scope: str = ""
    """Distinguishes erasure offsets from those of earlier logs, or of another number of partitions; empty at first."""
    unproven_until: float = 0.0
    """Rerouted records without proof count as ours if Kafka stored them before this time, epoch seconds.

    Versions up to 0.2 wrote no proof.
    """

    def fencing_group(self, group: str) -> str:
        """The name under which stores keep the generations of a consumer group: another log counts from 1 again."""
        return f"{group}@{self.prefix}" if self.prefix else group
