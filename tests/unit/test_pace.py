"""How often a process fetches, by how busy it is: with clocks of the test's own."""

from recomind.transport.pace import FREE, LONGEST, OVER, Pace


class Process:
    """A process and its clocks."""

    def __init__(self):
        self.now = self.used = 0.0
        self.pace = Pace(lambda: self.now, lambda: self.used)

    def spend(self, seconds, share):
        """Let time pass, with a share of it spent."""
        self.now += seconds
        self.used += share * seconds

    def fetch(self):
        """Records have come; how long is to be waited for the next ones."""
        self.pace.note_fetch()
        return round(self.pace.pause(), 6)


def test_who_has_time_fetches_at_once():
    process = Process()
    process.spend(OVER, FREE)
    assert process.fetch() == 0


def test_who_has_no_time_left_lets_records_collect_and_fetches_at_once_after_a_silence():
    process = Process()
    process.spend(OVER, 1.0)
    assert process.fetch() == LONGEST
    process.spend(LONGEST / 4, 1.0)
    assert round(process.pace.pause(), 6) == LONGEST * 3 / 4
    process.spend(LONGEST, 1.0)
    assert process.pace.pause() == 0


def test_between_the_two_the_pause_grows_with_what_is_spent():
    process = Process()
    process.spend(OVER, (FREE + 1) / 2)
    assert process.fetch() == LONGEST / 2


def test_several_threads_may_spend_more_than_there_is():
    process = Process()
    process.spend(OVER, 1.7)
    assert process.fetch() == LONGEST


def test_how_busy_it_is_counts_anew_after_a_while():
    process = Process()
    process.spend(OVER, 1.0)
    assert process.fetch() == LONGEST
    process.spend(OVER, 0.1)
    assert process.fetch() == 0
