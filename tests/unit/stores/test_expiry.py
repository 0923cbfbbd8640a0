"""Expired data is read again, and its ids are not remembered for ever."""

from recomind.stores.expiry import MIN_SWEEP_SIZE, ExpiryTracker


def test_expired_ids_are_removed(clock):
    tracker = ExpiryTracker(2.0, clock)
    for second in range(40):
        clock.now = float(second)
        tracker.renew_expired(f"v{second}-{n}" for n in range(1000))
    assert len(tracker) <= MIN_SWEEP_SIZE + 1000
    assert tracker.renew_expired(["v39-0", "v0-0"]) == ["v0-0"]
