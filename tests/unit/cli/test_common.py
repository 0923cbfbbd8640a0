"""Ending at a signal, wherever it arrives."""

import signal
import time

import pytest

from recomind.cli.common import until_interrupted


class SignalsWhenDeleted:
    """An exception in `__del__`, as in what runs at a fork, goes no further."""

    def __init__(self, number):
        self._number = number

    def __del__(self):
        signal.raise_signal(self._number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_block_even_if_it_arrives_where_exceptions_are_lost(number):
    started, handler = time.monotonic(), signal.getsignal(number)
    with until_interrupted():
        SignalsWhenDeleted(number)
        time.sleep(30)
    assert time.monotonic() - started < 10
    assert signal.getsignal(number) is handler


def test_other_errors_leave_the_block():
    with pytest.raises(ValueError, match="no"), until_interrupted():
        raise ValueError("no")
