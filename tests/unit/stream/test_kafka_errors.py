"""Errors of Kafka that pass, and errors that do not."""

import pytest
from aiokafka import errors

from recomind.errors import RefusedError, TooLargeError, UnavailableError
from recomind.stream.kafka_errors import translated, translation


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (errors.MessageSizeTooLargeError(), TooLargeError),
        (errors.TopicAuthorizationFailedError("t"), RefusedError),
        (errors.SaslAuthenticationFailed(), RefusedError),
        (errors.InvalidTopicError(), RefusedError),
        (errors.KafkaConnectionError(), UnavailableError),
        (errors.KafkaTimeoutError(), UnavailableError),
        (errors.NotEnoughReplicasError(), UnavailableError),
        (errors.UnknownTopicOrPartitionError(), UnavailableError),
        (errors.KafkaError("a new one"), UnavailableError),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_an_error_passes_or_does_not(error, ours):
    assert type(translated(error)) is ours
    with pytest.raises(ours), translation():
        raise error
