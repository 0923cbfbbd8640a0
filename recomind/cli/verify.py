"""`recomind verify`: everything recomputed from the log, beside what the running system holds."""

import asyncio
import sys

import click
import msgspec
from rich.console import Console
from rich.table import Table

from recomind.cli.common import connected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recomind.offline.verification.report import Report


@click.command("verify")
@click.option("--wait", default=60.0, show_default=True, help="Seconds the workers may take to commit everything.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(wait: float, as_json: bool) -> None:
    """Recompute every table, PostgreSQL and Redis from video_actions_stream, and compare.

    Waits until the workers have committed all of the log; no actions may come in meanwhile. Ends with 0 if
    everything is as it follows from the log, with 1 and the differences if not, with 2 if it could not be compared.
    """
    from recomind.offline.verification.verify import verify

    console = Console(stderr=True)
    with console.status("starting") as status:
        report = asyncio.run(verify(connected(), within=wait, on_progress=status.update))
    if as_json:
        click.echo(msgspec.json.encode(report.plain()))
    else:
        _print(report)
    sys.exit(0 if report.is_clean else 1)


def _print(report: "Report") -> None:
    table = Table("what", "compared", "differ", title="recomputed from the log, beside what is held")
    for store, count in report.compared.items():
        table.add_row(store, f"{count:,}", f"{report.differing[store]:,}")
    Console().print(table)
    for one in report.differences:
        click.echo(f"{one.store}, {one.key}\n  expected {one.expected}\n  found    {one.found}")
    for note in report.notes:
        click.echo(f"note: {note}")
    click.echo("no difference" if report.is_clean else f"{sum(report.differing.values()):,} differences")
