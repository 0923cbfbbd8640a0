"""The sampling profiler."""

import signal
from time import process_time

import msgspec
import pytest

from recomind.dev.bench.sampling_profiler import TOGGLE_SIGNAL, Sampler, area_of


def test_a_sampler_writes_the_shares_of_code_areas_when_it_stops(tmp_path):
    shares, handlers = tmp_path / "shares.json", {one: signal.getsignal(one) for one in (TOGGLE_SIGNAL, signal.SIGPROF)}
    Sampler(shares)
    try:
        signal.raise_signal(TOGGLE_SIGNAL)
        until = process_time() + 0.1
        while process_time() < until:
            area_of(None)
        signal.raise_signal(TOGGLE_SIGNAL)
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    assert sum(msgspec.json.decode(shares.read_bytes()).values()) == pytest.approx(1)


def test_a_frame_of_no_code_area_belongs_to_the_event_loop():
    assert area_of(None) == "event loop"
