"""`recomind stack`: the embedded Kafka, PostgreSQL and Redis, and nothing else."""

import signal
import threading
from dataclasses import replace

import click

from recomind.cli.common import settings


@click.command("stack")
@click.option("--data-dir", help="Folder of the servers' data.  [default: RECOMIND_DATA_DIR, or .recomind]")
def command(data_dir: str | None) -> None:
    """Start Kafka, PostgreSQL and Redis, print how to reach them, and wait for Ctrl-C."""
    from recomind.dev.stack.stack import Stack

    found = settings()
    wanted = replace(found, data_dir=data_dir or found.data_dir)
    with Stack(wanted, on_progress=lambda text: click.echo(f"# {text}", err=True)) as stack:
        addresses = stack.settings
        click.echo(f"export RECOMIND_KAFKA_BROKERS={addresses.kafka_brokers}")
        click.echo(f"export RECOMIND_POSTGRES_DSN={addresses.postgres_dsn}")
        click.echo(f"export RECOMIND_REDIS_URL={addresses.redis_url}")
        wait_for_end()


def wait_for_end() -> None:
    """Return at Ctrl-C or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(0.5):
        pass
