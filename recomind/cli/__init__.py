"""The command line: one file a command, each turning options into a call and errors into a sentence.

What belongs here: options, progress, exit codes. What does not: work. May import everything but `__main__`;
heavy imports happen inside the command that needs them, so that `--help` is quick.
"""

import os
import sys

import click

from recomind.cli import (
    bench,
    dead_letters,
    demo,
    evaluate,
    feed,
    import_videos,
    key,
    replay,
    stack,
    train,
    verify,
    worker,
)
from recomind.errors import RecoMindError

HELP = """RecoMind: live, exact recommendations of short videos on Faust and Kafka.

Start with `recomind demo`. To run it for real, set RECOMIND_KAFKA_BROKERS, RECOMIND_POSTGRES_DSN and
RECOMIND_REDIS_URL, and start as many `recomind worker` as you like. docs/operations.md lists all settings.
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def group() -> None:
    """All commands."""


for _command in (demo, stack, worker, key, import_videos, feed, replay, train, evaluate, bench, verify, dead_letters):
    group.add_command(_command.command)


def main() -> None:
    """Run the command line; errors that are meant for people are printed without a traceback."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        group()
    except RecoMindError as error:
        click.echo(f"recomind: {error}", err=True)
        sys.exit(2)
