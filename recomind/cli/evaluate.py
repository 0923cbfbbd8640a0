"""`recomind evaluate`: prequential recommendation quality on a log."""

from pathlib import Path
from time import perf_counter

import click

from recomind.cli.common import require_plots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.table import Table


@click.command("evaluate")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--test-frac",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of likes, the last ones, to score.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Read only the first LIMIT actions.  [default: all]")
@click.option(
    "--as-if-batch",
    metavar="PERIODS",
    help="Also score lists that are ranked only once per period: 30s, 10m, 1h or 1d, or several: 1m,1h,1d.",
)
@click.option(
    "--diversity/--no-diversity",
    default=True,
    show_default=True,
    help="Limit videos per creator and per tag in a list.",
)
@click.option("--tag-cap", type=click.IntRange(min=1), help="Most videos of ten that may share a tag.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Plot the hit rate over time to this file, as PNG or SVG.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    folder: Path,
    test_frac: float,
    limit: int | None,
    as_if_batch: str | None,
    diversity: bool,
    tag_cap: int | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Replay the log in FOLDER in time order; predict each like of its last part, then learn it (prequential).

    FOLDER holds actions.csv[.gz] and videos.csv[.gz].
    """
    import msgspec
    from rich.console import Console
    from rich.progress import Progress

    from recomind.offline.datasets import read_actions, read_videos
    from recomind.offline.evaluation import Evaluation
    from recomind.offline.report import Report, make_report, parse_periods, plot_quality
    from recomind.recommender.diversify import NO_CAPS, Caps

    if plot is not None:
        require_plots()
    console = Console(stderr=True)
    actions, videos = list(read_actions(folder, limit)), list(read_videos(folder))
    caps = Caps(tag=tag_cap) if diversity else NO_CAPS

    def replay(period_s: float) -> Report:
        evaluation = Evaluation(
            actions, videos, test_frac=test_frac, caps=caps, refresh_period_s=period_s, clock=perf_counter
        )
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"replaying {folder.name}", total=len(actions))
            evaluation.run(lambda count: progress.advance(task, count))
        return make_report(evaluation)

    reports = {name: replay(period_s) for name, period_s in parse_periods(as_if_batch).items()}
    if plot is not None:
        plot_quality(reports, plot)
    if as_json:
        first = next(iter(reports.values()))
        refresh = {name: report.to_builtins() for name, report in reports.items()}
        click.echo(msgspec.json.encode({**first.to_builtins(), "refresh": refresh}))
        return
    for name, report in reports.items():
        Console().print(_table(f"{folder.name}, lists {name}", report.rows()))


def _table(title: str, rows: list[tuple[str, str]]) -> "Table":
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for name, value in rows:
        table.add_row(name, value)
    return table
