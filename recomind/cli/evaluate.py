"""`recomind evaluate`: prequential recommendation quality on a log."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

import click

from recomind.cli.common import load_settings, require_plots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.table import Table

    from recomind.offline.evaluation import Evaluation
    from recomind.offline.world import Size
    from recomind.recommender.extensions.registry import Extensions


@click.command("evaluate")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--test-frac",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of the likes to score, from the end of the log.",
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
@click.option(
    "--closed-loop",
    is_flag=True,
    help="Instead of a log, use a simulated world in which the engine's lists are shown, and count what is liked.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the world of --closed-loop.")
@click.option("--users", default=200, show_default=True, type=click.IntRange(min=1), help="Users of that world.")
@click.option(
    "--untagged",
    default=0.3,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of a video's latent factors that its tags do not explain, in that world.",
)
@click.option(
    "--watch-times",
    is_flag=True,
    help="In that world, actions say how long videos were watched; also compare with learning from likes alone.",
)
@click.option(
    "--context",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 3),
    help="In that world, how much the country and the quarter of the day matter: the standard deviation of what each "
    "adds to the log odds of a like. Also compare with the engine without them.",
)
@click.option(
    "--exploration",
    type=click.FloatRange(0, 0.2),
    help="Share of places for new uploads, with --closed-loop.  [default: that of workers]",
)
@click.option(
    "--ranker",
    "rankers",
    multiple=True,
    metavar="NAME",
    help="Also score the lists of this ranker, or single source; may be repeated.",
)
@click.option(
    "--active",
    multiple=True,
    metavar="NAME",
    help="Have a source, filter or arranger of yours take part in every list; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    folder: Path | None,
    test_frac: float,
    limit: int | None,
    as_if_batch: str | None,
    diversity: bool,
    tag_cap: int | None,
    plot: Path | None,
    closed_loop: bool,
    seed: int,
    users: int,
    untagged: float,
    watch_times: bool,
    context: float,
    exploration: float | None,
    rankers: tuple[str, ...],
    active: tuple[str, ...],
    as_json: bool,
) -> None:
    """Replay the log in FOLDER in time order; predict each like of its last part, then learn it (prequential).

    FOLDER holds actions.csv[.gz] and videos.csv[.gz].
    """
    if closed_loop:
        from recomind.offline.world import Size

        size = Size(users=users, untagged=untagged, watch_times=watch_times, context=context)
        with offline_extensions(rankers, active) as extensions:
            evaluate_closed_loop(size, seed, exploration, as_json, rankers, extensions)
        return
    if folder is None:
        raise click.UsageError("name the FOLDER of a log, or use --closed-loop")
    import msgspec
    from rich.console import Console

    from recomind.offline.datasets import read_actions, read_videos
    from recomind.offline.evaluation import Evaluation
    from recomind.offline.report import Report, make_report, parse_periods, plot_quality
    from recomind.recommender.diversify import NO_CAPS, Caps

    if plot is not None:
        require_plots()
    actions, videos = list(read_actions(folder, limit)), list(read_videos(folder))
    caps = Caps(tag=tag_cap) if diversity else NO_CAPS

    def replay(period_s: float) -> Report:
        evaluation = Evaluation(
            actions,
            videos,
            test_frac=test_frac,
            caps=caps,
            refresh_period_s=period_s,
            clock=perf_counter,
            rankers=rankers,
            extensions=extensions,
        )
        _run_with_progress(evaluation, f"replaying {folder.name}")
        return make_report(evaluation)

    periods = parse_periods(as_if_batch)
    with offline_extensions(rankers, active) as extensions:
        reports = {name: replay(period_s) for name, period_s in periods.items()}
    if plot is not None:
        plot_quality(reports, plot)
    if as_json:
        first = next(iter(reports.values()))
        refresh = {name: report.to_builtins() for name, report in reports.items()}
        click.echo(msgspec.json.encode({**first.to_builtins(), "refresh": refresh}))
        return
    for name, report in reports.items():
        Console().print(_table(f"{folder.name}, lists {name}", report.rows()))


def _run_with_progress(evaluation: "Evaluation", text: str) -> None:
    """Run an evaluation, with a progress bar in a terminal, and with lines elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console, total = Console(stderr=True), len(evaluation.actions)
    if not console.is_terminal:
        evaluation.run(_progress_lines(text, total))
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(text, total=total)
        evaluation.run(lambda count: progress.advance(task, count))


@contextmanager
def offline_extensions(rankers: Iterable[str], active: Iterable[str]) -> "Iterator[Extensions]":
    """All extensions that a worker would have; afterwards prints how often each was left out of a list, and why.

    There is no limit of time, and none is suspended.

    Raises:
        InputError: there is no ranker, source, filter or arranger of a name.
        SettingsError: an extension that the settings name cannot be loaded.
    """
    from math import inf

    from recomind.errors import InputError
    from recomind.model.text import InvalidFieldError
    from recomind.recommender.extensions.registry import Extensions
    from recomind.runtime.extension_loading import activate, load_extensions

    extensions, left_out = Extensions(suspended_after=inf), Counter[str]()
    load_extensions(load_settings(), extensions)
    for text in extensions.not_loaded:
        click.echo(f"recomind: {text}", err=True)
    activate(extensions, extensions.active | frozenset(active), "--active")
    for name in rankers:
        try:
            extensions.names.check(None, name, of_sources="sources", of_ranker="ranker")
        except InvalidFieldError as error:
            raise InputError(f"--ranker {name}: {error}") from None
    extensions.listeners.append(lambda fault: left_out.update([f"the {fault.kind} {fault.name}: {fault.detail}"]))
    yield extensions
    for text, count in left_out.most_common():
        click.echo(f"recomind: left out of {count} lists: {text}", err=True)


def _progress_lines(text: str, total: int) -> Callable[[int], None]:
    """Prints a line to stderr for each tenth of `total`, for terminals without cursor control and for log files."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        tenths, done = 10 * done // total, done + count
        if 10 * done // total > tenths:
            click.echo(f"{text}: {100 * done // total} %", err=True)

    return advance


def _table(title: str, rows: list[tuple[str, str]]) -> "Table":
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for name, value in rows:
        table.add_row(name, value)
    return table


def evaluate_closed_loop(
    size: "Size",
    seed: int,
    exploration: float | None,
    as_json: bool,
    rankers: tuple[str, ...],
    extensions: "Extensions",
) -> None:
    """Compare policies in a simulated world, and print their figures."""
    import msgspec
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from recomind.offline.closed_loop import policy_names, possible, run
    from recomind.offline.context_bar import shares_of, won_bar
    from recomind.offline.world import World
    from recomind.recommender.exploration import EXPLORATION_SHARE

    share, results, pages = (
        EXPLORATION_SHARE if exploration is None else exploration,
        {},
        len(World(size, seed).visits()),
    )
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name in policy_names(size, rankers):
            task = progress.add_task(name, total=pages)
            results[name] = run(size, seed, name, share, partial(progress.advance, task), extensions)
    if as_json:
        click.echo(msgspec.json.encode(results).decode())
        return
    columns = ("likes per shown, last half", "of the possible", "by day", "repeats", "short", "new shown")
    table = Table("policy", *columns, *(["share watched, last half"] if size.watch_times else []))
    for name, one in results.items():
        days = " ".join(f"{like_share:.3f}" for like_share in one.by_day)
        figures = [f"{one.like_share_last_half:.3f}", f"{possible(results, name):.2f}", days]
        figures += [str(one.repeats), str(one.short_pages), f"{one.new_shown:.2f}"]
        figures += [] if one.watched_last_half is None else [f"{one.watched_last_half:.3f}"]
        table.add_row(name, *figures)
    Console().print(table)
    if size.context:
        bar = won_bar([shares_of(results)])
        verdict = "holds" if bar.holds else "missed"
        click.echo(f"{bar.name}: {bar.measured:.0%}; the bar of {bar.bar:.0%}: {verdict} (with one seed)")
