"""How a worker takes part in the division of partitions, apart from Faust's `PartitionAssignor`, which all others use.

Each member tells the group to which topics it subscribes. Kafka's assignors give partitions only to subscribers, so a
member that names no topic is a member with its generation, and gets none. The members that divide the partitions need
not know this class.
"""

from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from faust.assignor.partition_assignor import PartitionAssignor


class ServingAssignor(PartitionAssignor):
    """That of a worker which only serves HTTP: it gets no partitions."""

    def metadata(self, topics: set[str]) -> ConsumerProtocolMemberMetadata:
        """What this member tells the group, whatever topics its agents read."""
        return super().metadata(set())
