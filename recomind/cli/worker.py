"""`recomind worker`: run one worker of the consumer group."""

import click

from recomind.cli.common import load_server_settings


@click.command("worker")
def command() -> None:
    """Run a worker: consume actions, keep state, rank lists, and serve HTTP on RECOMIND_WEB_PORT."""
    from recomind.worker import run

    run(load_server_settings())
