"""Records as aiokafka's consumer returns them."""

from types import SimpleNamespace

from recomind.model.log_identity import LogIdentity

LOG = LogIdentity(partitions=4, log_id="cluster/topic")
"""A log of four partitions."""

ACTION = b'{"user_id":"u","video_id":"v","action_type":"like"}'
"""An action; with four partitions its record belongs to partition 3."""


def action_record(value, offset=0, partition=2, headers=()):
    """A record of `video_actions_stream`."""
    return SimpleNamespace(
        topic="video_actions_stream",
        partition=partition,
        offset=offset,
        value=value,
        key=None,
        timestamp=1_700_000_000_000,
        headers=headers,
    )
