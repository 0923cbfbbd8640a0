"""`recomind verify`: recompute everything from the log and compare it with what the running system holds."""

import asyncio
import sys

import click

from recomind.cli.common import load_server_settings
from recomind.dev.stack.running import paused_traffic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recomind.offline.verification.report import Report


@click.command("verify")
@click.option(
    "--wait", default=60.0, show_default=True, help="Seconds to wait until the workers have committed the whole log."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(wait: float, as_json: bool) -> None:
    """Recompute all tables, PostgreSQL and Redis from video_actions_stream, and compare them with what is stored.

    Waits until the workers have committed the whole log; no actions may arrive meanwhile. A demo in the
    data folder pauses its audience. The exit code is 0 if nothing differs, 1 if something differs (the differences are
    printed), and 2 if the comparison was not possible.
    """
    import msgspec
    from rich.console import Console

    from recomind.offline.verification.verify import verify

    settings = load_server_settings()
    with Console(stderr=True).status("starting") as status, paused_traffic(settings.data_path):
        report = asyncio.run(verify(settings, within=wait, on_progress=status.update))
    if as_json:
        click.echo(msgspec.json.encode(report.to_builtins()))
    else:
        _print(report)
    sys.exit(0 if report.is_clean else 1)


def _print(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("store", "compared", "differ", title="recomputed from the log, compared with what is stored")
    for store, count in report.compared.items():
        table.add_row(store, f"{count:,}", f"{report.differing[store]:,}")
    Console().print(table)
    for one in report.differences:
        click.echo(f"{one.store}, {one.key}\n  expected {one.expected}\n  found    {one.found}")
    for note in report.notes:
        click.echo(f"note: {note}")
    click.echo("no difference" if report.is_clean else f"{sum(report.differing.values()):,} differences")
