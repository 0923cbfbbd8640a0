"""`recomind worker`: one worker of the group."""

import click

from recomind.cli.common import connected


@click.command("worker")
def command() -> None:
    """Run a worker: consume actions, keep state, rank, and serve HTTP on RECOMIND_WEB_PORT."""
    from recomind.worker import run

    run(connected())
