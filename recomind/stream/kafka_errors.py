"""Which errors of Kafka pass by themselves, and which do not: the one place that decides.

An error that passes becomes `UnavailableError`: whoever meets it tries again. One that does not becomes `RefusedError`,
and ends the attempts. An error that is not listed counts as one that passes: aiokafka's own flag `retriable` is False
for many that do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiokafka import errors

from recomind.errors import RecoMindError, RefusedError, TooLargeError, UnavailableError

SERVER: Final = "Kafka"

TOO_LARGE: Final = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)

NOT_AUTHORISED: Final = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    errors.SecurityDisabled,
)

INVALID: Final = (
    errors.InvalidTopicError,
    errors.InvalidRequiredAcksError,
    errors.InvalidTimestampError,
    errors.InvalidRequestError,
    errors.InvalidConfigurationError,
    errors.InvalidPartitionsError,
    errors.InvalidReplicationFactorError,
    errors.PolicyViolationError,
    errors.UnsupportedVersionError,
    errors.UnsupportedForMessageFormatError,
    errors.UnsupportedCodecError,
    errors.IncompatibleBrokerVersion,
    errors.UnrecognizedBrokerVersion,
    errors.IllegalArgumentError,
)


def translated(error: errors.KafkaError) -> RecoMindError:
    """The error that stands for an error of aiokafka."""
    if isinstance(error, TOO_LARGE):
        return TooLargeError(SERVER, error, "raise max.message.bytes of the topic")
    if isinstance(error, NOT_AUTHORISED):
        return RefusedError(SERVER, error, "check the user's rights, and RECOMIND_KAFKA_* for how it signs in")
    if isinstance(error, INVALID):
        return RefusedError(SERVER, error, "check the versions and the configuration of the brokers and of the topic")
    return UnavailableError(SERVER, error)


@contextmanager
def translation() -> Iterator[None]:
    """Turns errors of aiokafka into ours.

    Raises:
        UnavailableError: Kafka does not answer.
        RefusedError: Kafka refuses, and would refuse it again.
    """
    try:
        yield
    except errors.KafkaError as error:
        raise translated(error) from error
