"""`recomind stack`: the embedded Kafka, PostgreSQL and Redis without a worker."""

import time
from dataclasses import replace

import click

from recomind.cli.common import load_settings, until_interrupted

POLL_INTERVAL_S = 0.5


@click.command("stack")
@click.option("--data-dir", help="Folder for the servers' data.  [default: RECOMIND_DATA_DIR, or .recomind]")
def command(data_dir: str | None) -> None:
    """Start Kafka, PostgreSQL and Redis, print their addresses as shell exports, and run until Ctrl-C."""
    from recomind.dev.stack.stack import Stack

    found = load_settings()
    settings = replace(found, data_dir=data_dir or found.data_dir)
    with until_interrupted(), Stack(settings, on_progress=lambda text: click.echo(f"# {text}", err=True)) as stack:
        addresses = stack.settings
        click.echo(f"export RECOMIND_KAFKA_BROKERS={addresses.kafka_brokers}")
        click.echo(f"export RECOMIND_POSTGRES_DSN={addresses.postgres_dsn}")
        click.echo(f"export RECOMIND_REDIS_URL={addresses.redis_url}")
        while True:
            time.sleep(POLL_INTERVAL_S)
