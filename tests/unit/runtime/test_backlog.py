"""When a worker is lagging, and its consumer lag."""

from faust.types import TP

from recomind.runtime.backlog import (
    CAUGHT_UP_SIGNALS,
    LAGGING_RECORDS,
    LINGER_LAGGING_S,
    LINGER_S,
    Backlog,
)

ACTIONS, SIGNALS = "video_actions_stream", "video_signals"


def test_a_worker_lags_from_a_backlog_of_actions_until_its_signals_are_folded():
    ends, folded_signals = {TP(ACTIONS, 0): LAGGING_RECORDS + 1, TP(SIGNALS, 0): 500}, {0: 0}
    backlog = Backlog(lambda: ends, lambda: folded_signals)
    assert not backlog.is_lagging()
    backlog.folded_actions[0] = 0
    assert (backlog.actions, backlog.is_lagging(), backlog.linger()) == (LAGGING_RECORDS + 1, True, LINGER_LAGGING_S)
    backlog.folded_actions[0] = LAGGING_RECORDS
    assert backlog.is_lagging()
    folded_signals[0] = 500 - CAUGHT_UP_SIGNALS
    assert not backlog.is_lagging()
    folded_signals[0] = 0
    assert (backlog.is_lagging(), backlog.linger()) == (False, LINGER_S)


def test_partitions_of_other_workers_do_not_count():
    backlog = Backlog(lambda: {TP(ACTIONS, 0): 10, TP(ACTIONS, 1): 10}, dict)
    backlog.folded_actions = {0: 4, 1: 3}
    assert backlog.actions == 13
    backlog.retain_partitions(frozenset({1}))
    assert backlog.actions == 7
    assert backlog.uncommitted(frozenset({1}), {TP(ACTIONS, 1): None}) == {ACTIONS: 10, SIGNALS: 0}
