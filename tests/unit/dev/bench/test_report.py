"""The benchmark's report."""

from io import StringIO

from rich.console import Console

from recomind.dev.bench.measurements import Limit, Measurement
from recomind.dev.bench.report import margin_bars, measurement_table, plot_margins


def test_measurements_are_printed_and_plotted(tmp_path):
    measurements = [
        Measurement("s", "n", 3.9, "1/s", Limit("baseline", 1.0, 4.0)),
        Measurement("s", "m", 1.0, "ms"),
    ]
    assert measurement_table(measurements).row_count == 2
    console = Console(width=120, record=True, file=StringIO())
    console.print(margin_bars(measurements))
    assert "0.975" in console.export_text()
    plot_margins(measurements, tmp_path / "bench.svg")
    assert "times better than the threshold" in (tmp_path / "bench.svg").read_text()
