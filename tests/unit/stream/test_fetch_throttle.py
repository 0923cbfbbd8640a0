"""Fetch intervals by processor load, with a clock and a load that the tests set."""

from time import process_time

from recomind.stream.fetch_throttle import (
    LOAD_WINDOW_S,
    MAX_FETCH_INTERVAL_S,
    THROTTLE_ABOVE_LOAD,
    FetchThrottle,
    cpu_load_meter,
)


class Process:
    """A process with a given load and its own clock."""

    def __init__(self, load):
        self.now, self.load = 0.0, load
        self.throttle = FetchThrottle(lambda: self.now, lambda: self.load)
        self.now += LOAD_WINDOW_S

    def fetch(self):
        """Note a fetch; the delay until the next one."""
        self.throttle.note_fetch()
        return self.delay()

    def delay(self):
        return round(self.throttle.delay(), 6)


def test_an_idle_process_fetches_at_once():
    assert Process(THROTTLE_ABOVE_LOAD).fetch() == 0


def test_a_process_at_full_load_waits_unless_its_last_fetch_is_long_ago():
    process = Process(1.0)
    assert process.fetch() == MAX_FETCH_INTERVAL_S
    process.now += MAX_FETCH_INTERVAL_S / 4
    assert process.delay() == MAX_FETCH_INTERVAL_S * 3 / 4
    process.now += MAX_FETCH_INTERVAL_S
    assert process.delay() == 0


def test_the_delay_grows_linearly_with_the_load():
    assert Process((THROTTLE_ABOVE_LOAD + 1) / 2).fetch() == MAX_FETCH_INTERVAL_S / 2


def test_a_load_of_more_than_one_core_counts_as_full_load():
    assert Process(1.7).fetch() == MAX_FETCH_INTERVAL_S


def test_the_load_is_measured_once_per_window():
    process = Process(1.0)
    assert process.fetch() == MAX_FETCH_INTERVAL_S
    process.load = 0.1
    assert process.fetch() == MAX_FETCH_INTERVAL_S
    process.now += LOAD_WINDOW_S
    assert process.fetch() == 0


def test_the_load_meter_measures_a_working_process():
    measure, until = cpu_load_meter(), process_time() + 0.2
    while process_time() < until:
        pass
    assert measure() > 0.3
