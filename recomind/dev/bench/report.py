"""The benchmark's report: a table of measurements, and a plot of how far each is from its threshold."""

from collections.abc import Sequence
from math import log
from pathlib import Path

from rich.bar import Bar
from rich.table import Table

from recomind.dev.bench.measurements import Measurement

MAX_BAR_COLUMNS = 60
"""Width of the longest bar in characters."""


def measurement_table(measurements: Sequence[Measurement]) -> Table:
    """A table with one row per measurement."""
    table = Table("scenario", "measurement", "value", "unit", "beside", "threshold", "met", title="recomind bench")
    for measurement in measurements:
        limit = measurement.limit
        beside = f"{limit.name}: {_format(limit.value)}" if limit else ""
        threshold = f"{'≥' if limit.at_least else '≤'} {_format(limit.threshold)}" if limit and limit.threshold else ""
        met = {None: "", True: "yes", False: "no"}[measurement.holds]
        table.add_row(
            measurement.scenario, measurement.name, _format(measurement.value), measurement.unit, beside, threshold, met
        )
    return table


def margin_bars(measurements: Sequence[Measurement]) -> Table:
    """How many times better than its threshold each measurement is, on a logarithmic scale: a miss is left of 1."""
    margins = [(one, log(one.margin)) for one in measurements if one.margin is not None]
    ends = [0.0, *(at for _, at in margins)]
    lowest, highest = min(ends), max(ends)
    table = Table("scenario", "measurement", "times better than the threshold", "")
    for one, at in margins:
        color = "green" if one.holds else "red"
        bar = Bar(highest - lowest, min(0.0, at) - lowest, max(0.0, at) - lowest, width=MAX_BAR_COLUMNS, color=color)
        table.add_row(one.scenario, one.name, bar, f"{one.margin:.3g}")
    return table


def plot_margins(measurements: Sequence[Measurement], path: Path) -> None:
    """Plot how many times better than its threshold each measurement is, as PNG or SVG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    bars = [(f"{one.scenario}: {one.name}", one.margin) for one in reversed(measurements) if one.margin is not None]
    names, margins = [name for name, _ in bars], [margin for _, margin in bars]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.35 * len(bars)))
    axes.barh(names, margins, color=["tab:green" if margin >= 1 else "tab:red" for margin in margins])
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times better than the threshold (1 just meets it)")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _format(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
