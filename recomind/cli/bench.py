"""`recomind bench`: how fast, fresh and frugal RecoMind is on this machine."""

from pathlib import Path

import click
import msgspec
from rich.console import Console

from recomind.cli.common import settings
from recomind.dev.bench import SCENARIOS

WIDTH = 150
"""Columns of the table, also where it goes to a file."""


@click.command("bench")
@click.argument("scenarios", nargs=-1, type=click.Choice(SCENARIOS))
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A log to take actions from."
)
@click.option("--quick", is_flag=True, help="Smaller sizes: to see whether all is well, not for figures to quote.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="The plot, as PNG or SVG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(scenarios: tuple[str, ...], data: Path | None, quick: bool, plot: Path | None, as_json: bool) -> None:
    """Measure SCENARIOS (all by default), each on fresh embedded servers beside a limit or a peer of the same run."""
    from recomind.dev.bench.report import bars, draw, table
    from recomind.dev.bench.suite import measure

    console = Console(stderr=True)
    with console.status("starting") as status:
        figures = measure(settings(), scenarios or SCENARIOS, data=data, quick=quick, say=status.update)
    if plot is not None:
        draw(figures, plot)
    if as_json:
        click.echo(msgspec.json.encode([figure.plain() for figure in figures]))
    else:
        Console(width=WIDTH).print(table(figures), bars(figures))
