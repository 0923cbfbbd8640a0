"""`recomind serve`: run one worker of the consumer group that takes no partitions."""

import click

from recomind.cli.common import load_server_settings


@click.command("serve")
def command() -> None:
    """Serve HTTP on RECOMIND_WEB_PORT and take no partitions: all of the processor is for requests."""
    from recomind.worker import run

    run(load_server_settings(), takes_partitions=False)
