"""Guards leave faulty and slow extensions out, and suspend those that keep failing."""

from asyncio import CancelledError

import pytest

from recomind.recommender.extensions.checks import InvalidResultError
from recomind.recommender.extensions.guard import FAULTS_IN_A_ROW, MAX_SUSPENSION_S, SUSPENSION_S, Guard


class Panic(BaseException):
    """As libraries raise that are written in Rust."""


class Instance:
    """A guard, its clock, and an extension that takes `takes` seconds."""

    def __init__(self, budget_s=0.05):
        self.now, self.takes, self.calls, self.faults = 0.0, 0.0, 0, []
        self.guard = Guard("ranker", "mine", self.faults.append, lambda: self.now, budget_s)

    def call(self, error=None, method="score"):
        def act():
            self.calls += 1
            self.now += self.takes
            if error is not None:
                raise error
            return "found"

        return self.guard.call(method, act, lambda found: found)

    @property
    def causes(self):
        return [fault.cause for fault in self.faults]


def test_a_result_is_passed_on():
    one = Instance()
    assert one.call() == "found"
    assert one.faults == []


@pytest.mark.parametrize(
    ("error", "cause", "detail"),
    [
        (KeyError("v1"), "error", "KeyError: 'v1'"),
        (InvalidResultError("a score is NaN"), "invalid", "a score is NaN"),
        (RecursionError("too deep"), "error", "RecursionError: too deep"),
        (SystemExit(2), "error", "SystemExit: 2"),
        (CancelledError("mine"), "error", "CancelledError: mine"),
        (Panic("in Rust"), "error", "Panic: in Rust"),
    ],
)
def test_a_fault_is_noted_with_its_cause(error, cause, detail):
    one = Instance()
    assert one.call(error) is None
    assert one.guard.last_fault == ("ranker", "mine", cause, detail, 0.0)
    assert one.guard.faults == 1


def test_what_ends_the_process_is_not_caught():
    with pytest.raises(KeyboardInterrupt):
        Instance().call(KeyboardInterrupt())


def test_a_slow_result_is_left_out():
    one = Instance()
    one.takes = 0.06
    assert one.call() is None
    assert one.faults[0].detail == "it took 60 ms of 50"
    assert not one.guard.is_suspended


def test_faults_in_a_row_suspend_for_a_while_and_others_do_not():
    one = Instance()
    for _ in range(4):
        for _ in range(FAULTS_IN_A_ROW - 1):
            one.call(OSError())
        assert one.call() == "found"
    assert not one.guard.is_suspended
    for _ in range(FAULTS_IN_A_ROW):
        one.call(OSError())
    assert one.guard.is_suspended
    calls = one.calls
    assert one.call() is None
    assert one.calls == calls
    assert one.causes[-1] == "suspended"
    one.now += SUSPENSION_S
    assert one.call() == "found"


def test_a_very_slow_one_is_suspended_at_once():
    one = Instance()
    one.takes = 0.6
    assert one.call() is None
    assert one.guard.is_suspended


def test_suspensions_double_up_to_a_bound_while_the_trial_fails_and_begin_anew_after_a_success():
    one, lengths = Instance(), []
    for _ in range(FAULTS_IN_A_ROW + 10):
        one.call(OSError())
        if one.guard.is_suspended:
            lengths.append(one.faults[-1].suspended_s)
            one.now += lengths[-1]
    assert lengths[:3] == [SUSPENSION_S, 2 * SUSPENSION_S, 4 * SUSPENSION_S]
    assert lengths[-1] == MAX_SUSPENSION_S
    assert one.call() == "found"
    for _ in range(FAULTS_IN_A_ROW):
        one.call(OSError())
    assert one.faults[-1].suspended_s == SUSPENSION_S


def test_a_method_that_works_hides_no_faults_of_another_one():
    one = Instance()
    for _ in range(FAULTS_IN_A_ROW):
        assert not one.guard.is_suspended
        assert one.call(method="propose") == "found"
        one.call(ValueError("x"))
    assert one.guard.is_suspended
    assert one.causes == ["error"] * FAULTS_IN_A_ROW
    one.now += SUSPENSION_S
    assert one.call(method="propose") == "found"
    one.call(ValueError("x"))
    assert one.guard.last_fault.suspended_s == 2 * SUSPENSION_S
