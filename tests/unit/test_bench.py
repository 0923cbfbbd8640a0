"""The benchmark's own arithmetic, and its load against a real server."""

import asyncio
import signal
from io import StringIO
from time import process_time

import msgspec
import pytest
from aiohttp import web
from rich.console import Console

from recomind.dev.bench.bench import play, steady
from recomind.dev.bench.load import Load, load
from recomind.dev.bench.measurements import Figure, Limit, at_most, percentile
from recomind.dev.bench.report import bars, draw, table
from recomind.dev.bench.sampling_profiler import SWITCH, Sampler, place_of
from recomind.dev.bench.serving import middle
from recomind.dev.simulator import Audience
from recomind.dev.stack.server import free_port


def test_a_figure_that_must_reach_its_bar():
    assert Figure("s", "n", 8.0, "1/s", Limit("peer", 1.0, 4.0)).margin == 2.0
    assert Figure("s", "n", 4.0, "1/s", Limit("peer", 1.0, 4.0)).holds
    assert not Figure("s", "n", 3.9, "1/s", Limit("peer", 1.0, 4.0)).holds


def test_a_figure_that_must_stay_below_its_bar():
    assert Figure("s", "n", 25.0, "ms", at_most("promised", 100.0)).margin == 4.0
    assert not Figure("s", "n", 101.0, "ms", at_most("promised", 100.0)).holds


def test_a_figure_without_a_bar_holds_nothing():
    assert Figure("s", "n", 1.0, "ms").holds is None
    assert Figure("s", "n", 1.0, "ms", Limit("peer", 1.0, 0.0)).holds is None


def test_figures_are_shown_and_drawn(tmp_path):
    figures = [Figure("s", "n", 3.9, "1/s", Limit("peer", 1.0, 4.0)), Figure("s", "m", 1.0, "ms")]
    assert table(figures).row_count == 2
    shown = Console(width=120, record=True, file=StringIO())
    shown.print(bars(figures))
    assert "0.975" in shown.export_text()
    draw(figures, tmp_path / "bench.svg")
    assert "times better than the bar" in (tmp_path / "bench.svg").read_text()


def test_percentiles():
    assert percentile([float(n) for n in range(101)], 99) == 99.0


def test_a_steady_flow_keeps_its_pace():
    actions = list(play(Audience(5, 5, 1), 4, start=100.0))
    assert [one.timestamp for one in steady(actions, 2.0)] == [100.0, 100.5, 101.0, 101.5]


def test_of_each_figure_of_some_rounds_the_median_counts():
    rounds = [Load(1.0, 0.3, 0.9, 0), Load(2.0, 0.2, 0.7, 1), Load(9.0, 0.1, 0.8, 0)]
    assert middle(rounds) == Load(2.0, 0.2, 0.8, 1)


def test_a_sampler_writes_down_where_time_went_as_it_is_switched_off(tmp_path):
    shares, handlers = tmp_path / "shares.json", {one: signal.getsignal(one) for one in (SWITCH, signal.SIGPROF)}
    Sampler(shares)
    try:
        signal.raise_signal(SWITCH)
        until = process_time() + 0.1
        while process_time() < until:
            place_of(None)
        signal.raise_signal(SWITCH)
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    assert sum(msgspec.json.decode(shares.read_bytes()).values()) == pytest.approx(1)


def test_a_frame_of_no_place_belongs_to_the_loop():
    assert place_of(None) == "event loop"


async def test_load_counts_answers_and_failures():
    async def answer(request):
        return web.Response(text="x" * 100_000, status=200 if request.path == "/good" else 404)

    app = web.Application()
    app.router.add_get("/{any}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        good, bad = await asyncio.gather(load(port, 2, 0.2, ["/good"]), load(port, 1, 0.2, ["/bad"]))
    finally:
        await runner.cleanup()
    assert (good.failed, good.rate > 0, good.p50 <= good.p99) == (0, True, True)
    assert bad.failed > 0
