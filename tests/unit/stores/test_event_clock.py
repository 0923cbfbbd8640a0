"""Event time goes on with the actions, and never passes the present."""

from recomind.stores.event_clock import EventClock


def test_event_time_is_the_latest_seen():
    clock = EventClock()
    for at in (5.0, 7.0, 6.0):
        clock.advance(at)
    assert clock.now == 7.0


def test_an_action_stamped_ahead_moves_the_time_of_all_only_to_the_present():
    present = [1000.0]
    clock = EventClock(lambda: present[0])
    clock.advance(1290.0)
    assert clock.now == 1000.0
    present[0] = 1010.0
    clock.advance(1290.0)
    assert clock.now == 1010.0
    present[0] = 900.0
    clock.advance(1290.0)
    assert clock.now == 1010.0
