"""Showing figures: a table for people, and a plot of how far each is from its bar."""

from collections.abc import Sequence
from math import log
from pathlib import Path

from rich.bar import Bar
from rich.table import Table

from recomind.dev.bench.measurements import Figure

BAR = 60
"""Columns of the plot's longest bar."""


def table(figures: Sequence[Figure]) -> Table:
    """A line for each figure."""
    shown = Table("scenario", "figure", "measured", "unit", "beside", "bar", "holds", title="recomind bench")
    for figure in figures:
        limit = figure.limit
        beside = f"{limit.name}: {_short(limit.value)}" if limit else ""
        bar = f"{'≥' if limit.at_least else '≤'} {_short(limit.bar)}" if limit and limit.bar else ""
        holds = {None: "", True: "yes", False: "no"}[figure.holds]
        shown.add_row(figure.scenario, figure.name, _short(figure.value), figure.unit, beside, bar, holds)
    return shown


def bars(figures: Sequence[Figure]) -> Table:
    """How many times better than its bar each figure is, on a logarithmic scale: a miss goes to the left of 1."""
    held = [(one, log(one.margin)) for one in figures if one.margin is not None]
    ends = [0.0, *(at for _, at in held)]
    least, most = min(ends), max(ends)
    shown = Table("scenario", "figure", "times better than the bar", "")
    for one, at in held:
        color = "green" if one.holds else "red"
        bar = Bar(most - least, min(0.0, at) - least, max(0.0, at) - least, width=BAR, color=color)
        shown.add_row(one.scenario, one.name, bar, f"{one.margin:.3g}")
    return shown


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw how many times better than its bar each figure is, to a PNG or SVG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    held = [(f"{one.scenario}: {one.name}", one.margin) for one in reversed(figures) if one.margin is not None]
    names, margins = [name for name, _ in held], [margin for _, margin in held]
    shown, axes = pyplot.subplots(figsize=(9, 1.2 + 0.35 * len(held)))
    axes.barh(names, margins, color=["tab:green" if margin >= 1 else "tab:red" for margin in margins])
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times better than the bar (1 just holds)")
    shown.tight_layout()
    shown.savefig(path)
    pyplot.close(shown)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
