"""The limit for repeated log lines."""

import logging

from recomind.runtime.log_limit import INTERVAL_S, LINES_PER_INTERVAL, RepetitionFilter


def test_repeated_lines_are_left_out_and_counted():
    now, printed = [0.0], []
    limit = RepetitionFilter(clock=lambda: now[0])

    def log(name, message, *args):
        record = logging.LogRecord(name, logging.ERROR, "", 0, message, args, None)
        if limit.filter(record):
            printed.append(record.getMessage())

    for attempt in range(1000):
        log("aiokafka", "attempt %d: 100%% refused", attempt)
    log("aiokafka", "another thing")
    log("other", "attempt %d: 100%% refused", 1)
    assert printed == [f"attempt {n}: 100% refused" for n in range(LINES_PER_INTERVAL)] + [
        "another thing",
        "attempt 1: 100% refused",
    ]
    now[0] += INTERVAL_S
    log("aiokafka", "attempt %d: 100%% refused", 1000)
    assert printed[-1] == f"attempt 1000: 100% refused ({1000 - LINES_PER_INTERVAL} more like it in 30 s)"
    now[0] += INTERVAL_S
    log("aiokafka", "attempt %d: 100%% refused", 1001)
    assert printed[-1] == "attempt 1001: 100% refused"
