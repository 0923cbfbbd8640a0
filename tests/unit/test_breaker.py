"""A server that does not answer is left alone for a moment, and what was missed is told."""

import pytest

from recomind.errors import UnavailableError
from recomind.errors.circuit_breaker import PAUSE, Breaker, missed


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def call(border, error=None):
    with border:
        if error:
            raise error
        return "answer"


def test_after_silence_nothing_is_asked_until_the_pause_is_over():
    clock = Clock()
    border = Breaker("Redis", (OSError,), clock=clock)
    with pytest.raises(UnavailableError, match="Redis does not answer: gone"):
        call(border, OSError("gone"))
    clock.now = PAUSE - 0.01
    with pytest.raises(UnavailableError, match="gone"):
        call(border)
    clock.now = PAUSE
    assert call(border) == "answer"
    assert not border.is_open


def test_a_refusal_is_told_but_the_server_is_asked_again():
    border = Breaker("Redis", (OSError,), (KeyError,), clock=Clock())
    with pytest.raises(UnavailableError):
        call(border, KeyError("full"))
    assert call(border) == "answer"


def test_our_own_mistakes_pass_through():
    with pytest.raises(ZeroDivisionError):
        call(Breaker("Redis", (OSError,), clock=Clock()), ZeroDivisionError())


def test_what_a_request_missed_is_noted():
    noted = set()
    token = missed.set(noted)
    for server in ("Redis", "PostgreSQL"):
        with pytest.raises(UnavailableError):
            call(Breaker(server, (OSError,)), OSError())
    missed.reset(token)
    assert noted == {"redis", "postgresql"}
