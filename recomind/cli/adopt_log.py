"""`recomind adopt-log`: go on with an empty Kafka that replaced the one before."""

import asyncio

import click

from recomind.cli.common import load_server_settings


@click.command("adopt-log")
@click.option("--append", is_flag=True, help="Write behind records that the new log holds already.")
def command(append: bool) -> None:
    """Accept that Kafka was replaced by an empty one, and fill its log with the actions of PostgreSQL.

    Workers refuse to start while PostgreSQL and Redis hold what was made from another log. Stop all of them first. What
    was derived from the old log is deleted in both. Then the archived actions are written to the new log, and the next
    workers make the same state from them. Actions that were in the old Kafka and not yet in PostgreSQL are lost.
    """
    from rich.console import Console

    from recomind.offline.adoption import adopt_log

    with Console(stderr=True).status("starting") as status:
        count = asyncio.run(adopt_log(load_server_settings(), append=append, on_progress=status.update))
    click.echo(f"the new log is adopted, and holds {count:,} actions of the archive: start the workers")
