"""`recomind evaluate`: how good the recommendations are on a log."""

from pathlib import Path
from time import perf_counter

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table


@click.command("evaluate")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--test-frac", default=0.2, show_default=True, type=click.FloatRange(0, 1), help="Share of likes scored.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many actions.")
@click.option("--as-if-batch", metavar="PERIODS", help="Serve lists made once a period: 1h, or several: 1m,1h,1d.")
@click.option("--diversity/--no-diversity", default=True, show_default=True, help="The caps for creators and tags.")
@click.option("--tag-cap", type=click.IntRange(min=1), help="Most of ten videos that share a tag.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Quality over time, as PNG or SVG.")
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
    """Replay FOLDER's log, predict each like of its last part, then learn it: prequential quality."""
    from recomind.offline.datasets import read_actions, read_videos
    from recomind.offline.evaluation import Evaluation
    from recomind.offline.report import Report, draw, periods_of, report_on
    from recomind.recommender.diversify import OFF, Caps

    console = Console(stderr=True)
    actions, videos = list(read_actions(folder, limit)), list(read_videos(folder))
    caps = Caps(tag=tag_cap) if diversity else OFF

    def replay(refresh: float) -> Report:
        evaluation = Evaluation(actions, videos, test_frac=test_frac, caps=caps, refresh=refresh, clock=perf_counter)
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"replaying {folder.name}", total=len(actions))
            evaluation.run(lambda count: progress.advance(task, count))
        return report_on(evaluation)

    reports = {name: replay(period) for name, period in periods_of(as_if_batch).items()}
    if plot is not None:
        draw(reports, plot)
    if as_json:
        first = next(iter(reports.values()))
        click.echo(msgspec.json.encode({**first.plain(), "refresh": {n: r.plain() for n, r in reports.items()}}))
        return
    for name, report in reports.items():
        Console().print(_table(f"{folder.name}, lists {name}", report.rows()))


def _table(title: str, rows: list[tuple[str, str]]) -> Table:
    table = Table(title=title, show_header=False)
    for name, value in rows:
        table.add_row(name, value)
    return table
