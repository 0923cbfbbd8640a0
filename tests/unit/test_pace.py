"""How often a process fetches, by how busy it is: with a clock of the test's own."""

from time import process_time

from recomind.stream.fetch_throttle import FREE, LONGEST, OVER, Pace, busy_share


class Process:
    """A process that is as busy as it is told, and its clock."""

    def __init__(self, busy):
        self.now, self.busy = 0.0, busy
        self.pace = Pace(lambda: self.now, lambda: self.busy)
        self.now += OVER

    def fetch(self):
        """Records have come; how long is to be waited for the next ones."""
        self.pace.note_fetch()
        return self.pause()

    def pause(self):
        return round(self.pace.pause(), 6)


def test_who_has_time_fetches_at_once():
    assert Process(FREE).fetch() == 0


def test_who_has_no_time_left_lets_records_collect_and_fetches_at_once_after_a_silence():
    process = Process(1.0)
    assert process.fetch() == LONGEST
    process.now += LONGEST / 4
    assert process.pause() == LONGEST * 3 / 4
    process.now += LONGEST
    assert process.pause() == 0


def test_between_the_two_the_pause_grows_with_what_there_is_to_do():
    assert Process((FREE + 1) / 2).fetch() == LONGEST / 2


def test_several_threads_may_use_more_than_a_core():
    assert Process(1.7).fetch() == LONGEST


def test_it_is_measured_anew_after_a_while():
    process = Process(1.0)
    assert process.fetch() == LONGEST
    process.busy = 0.1
    assert process.fetch() == LONGEST
    process.now += OVER
    assert process.fetch() == 0


def test_a_process_that_works_is_busy():
    measure, until = busy_share(), process_time() + 0.2
    while process_time() < until:
        pass
    assert measure() > 0.3
