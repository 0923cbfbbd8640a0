"""The circuit breaker: which errors open it, for how long, and how a request learns which servers were unavailable."""

import pytest

from recomind.errors import UnavailableError
from recomind.errors.circuit_breaker import OPEN_DURATION_S, CircuitBreaker, unavailable_servers


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def call(breaker, error=None):
    with breaker:
        if error:
            raise error
        return "answer"


def test_after_no_answer_calls_fail_at_once_until_the_open_duration_is_over():
    clock = Clock()
    breaker = CircuitBreaker("Redis", (OSError,), clock=clock)
    with pytest.raises(UnavailableError, match="Redis does not answer: gone"):
        call(breaker, OSError("gone"))
    clock.now = OPEN_DURATION_S - 0.01
    with pytest.raises(UnavailableError, match="gone"):
        call(breaker)
    clock.now = OPEN_DURATION_S
    assert call(breaker) == "answer"
    assert not breaker.is_open


def test_a_refusal_is_an_unavailable_error_but_does_not_open_the_breaker():
    breaker = CircuitBreaker("Redis", (OSError,), (KeyError,), clock=Clock())
    with pytest.raises(UnavailableError):
        call(breaker, KeyError("full"))
    assert call(breaker) == "answer"


def test_other_errors_pass_through_unchanged():
    with pytest.raises(ZeroDivisionError):
        call(CircuitBreaker("Redis", (OSError,), clock=Clock()), ZeroDivisionError())


def test_the_servers_unavailable_during_a_request_are_recorded():
    servers = set()
    token = unavailable_servers.set(servers)
    for server in ("Redis", "PostgreSQL"):
        with pytest.raises(UnavailableError):
            call(CircuitBreaker(server, (OSError,)), OSError())
    unavailable_servers.reset(token)
    assert servers == {"redis", "postgresql"}
