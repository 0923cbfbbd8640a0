"""`recomind bench`: throughput, latency and cost of RecoMind on this machine."""

from pathlib import Path

import click

from recomind.cli.common import load_settings, require_plots
from recomind.dev.bench import SCENARIOS

TABLE_COLUMNS = 150
"""Width of the printed table in characters, also when the output is a file."""


@click.command("bench")
@click.argument("scenarios", nargs=-1, type=click.Choice(SCENARIOS))
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the log to take actions from.  [default: simulated users]",
)
@click.option("--quick", is_flag=True, help="Run smaller sizes: a smoke test, not numbers to quote.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write a plot to this file, as PNG or SVG."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(scenarios: tuple[str, ...], data: Path | None, quick: bool, plot: Path | None, as_json: bool) -> None:
    """Run benchmark SCENARIOS (default: all), each on fresh embedded servers, beside a baseline or a stated limit.

    All of them take about ten minutes.
    """
    import msgspec
    from rich.console import Console

    from recomind.dev.bench.report import margin_bars, measurement_table, plot_margins
    from recomind.dev.bench.suite import run_scenarios

    if plot is not None:
        require_plots()
    with Console(stderr=True).status("starting") as status:
        measurements = run_scenarios(
            load_settings(), scenarios or SCENARIOS, data=data, quick=quick, on_progress=status.update
        )
    if plot is not None:
        plot_margins(measurements, plot)
    if as_json:
        click.echo(msgspec.json.encode([measurement.to_builtins() for measurement in measurements]))
    else:
        Console(width=TABLE_COLUMNS).print(measurement_table(measurements), margin_bars(measurements))
