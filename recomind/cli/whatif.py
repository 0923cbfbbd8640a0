"""`recomind whatif`: estimate what another configuration would have got, from the lists that were served."""

import asyncio
import re
import sys
from typing import Final

import click

from recomind.cli.common import load_server_settings
from recomind.cli.evaluate import offline_extensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recomind.offline.whatif import WhatIf

UNITS_S: Final = {"m": 60, "h": 3_600, "d": 86_400}


@click.command("whatif")
@click.option(
    "--config",
    required=True,
    help='What would have ranked: a ranker, EXPERIMENT:ARM, or an arm in JSON, such as \'{"sources":["trending"]}\'.',
)
@click.option(
    "--scenario",
    help="Of the lists that count.  [default: that of the experiment; for other configurations, default]",
)
@click.option("--since", default="7d", show_default=True, help="How far back lists count: 90m, 12h or 7d.")
@click.option("--lists", "most", default=5_000, show_default=True, help="Ranked lists that are ranked anew, at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(config: str, scenario: str | None, since: str, most: int, as_json: bool) -> None:
    """Estimate the like rate that another configuration would have had, from served lists and their propensities.

    Replays the log in this process, and changes nothing. The exit code is 0 if there is an estimate, and 1 if served
    lists cannot say it: random lists, as of the control group, can speak of every configuration, others only of
    configurations that show nearly the same. It is also 1 if the ranker failed in more than 1 % of the lists. It is 2
    if the question is wrong, such as for a ranker, source, experiment or arm that does not exist, or for a time that
    the history of rules does not reach back to, or if a server does not answer.
    """
    import msgspec
    from rich.console import Console

    from recomind.offline.whatif_log import whatif

    matched = re.fullmatch(r"(\d+)([mhd])", since)
    if matched is None:
        raise click.BadParameter("must be such as 90m, 12h or 7d", param_hint="--since")
    window_s, settings = int(matched[1]) * UNITS_S[matched[2]], load_server_settings()
    with offline_extensions((), ()) as extensions, Console(stderr=True).status("reading") as status:
        found = asyncio.run(whatif(settings, config, window_s, most, status.update, extensions, scenario))
    if as_json:
        click.echo(msgspec.json.encode(found._asdict(), enc_hook=float))
    else:
        _print(found)
    sys.exit(0 if found.best is not None else 1)


def _print(found: "WhatIf") -> None:
    click.echo(f"lists of the scenario {found.scenario}")
    if found.ranked_places:
        click.echo(f"ranked lists had {found.like_rate:.2%} likes per place, of {found.ranked_places:,} places")
    for name, one, places in (
        ("random lists", found.from_random, found.random_places),
        ("ranked lists", found.from_ranked, found.ranked_places),
    ):
        click.echo(f"from {places:,} places of {name}:")
        if one.refusal:
            click.echo(f"  no estimate: {one.refusal}")
            continue
        for kind, interval in (("SNIPS", one.snips), ("doubly robust", one.doubly_robust)):
            click.echo(f"  {kind}: {interval.estimate:.2%} (95 %: {interval.low:.2%} to {interval.high:.2%})")
        click.echo(
            f"  overlap {one.overlap:.0%}; worth {one.effective_places:,.0f} places of {one.effective_users:,.0f} users"
        )
