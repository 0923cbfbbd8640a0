"""The command line, one file per command. A command turns options into a call, and expected errors into one sentence.

What belongs here: options, progress output, exit codes. What does not: the work itself. May import everything except
`__main__`. Importing this package needs only click: a command imports other libraries inside its function, so that
`--help` is quick and an install without some extras still starts.
"""

import os
import sys

import click

from recomind.cli import (
    adopt_log,
    bench,
    dead_letters,
    demo,
    evaluate,
    export,
    feed,
    import_videos,
    key,
    replay,
    serve,
    stack,
    train,
    verify,
    weights,
    whatif,
    worker,
)
from recomind.cli.common import missing_extra_message
from recomind.errors import RecoMindError

HELP = """RecoMind recommends short videos live, with exact counts, on Faust and Kafka.

To try it, run `recomind demo`. To deploy it, set RECOMIND_KAFKA_BROKERS, RECOMIND_POSTGRES_DSN and
RECOMIND_REDIS_URL, and start any number of `recomind worker`. docs/operations.md lists all settings.
"""

COMMANDS = (
    demo,
    stack,
    worker,
    serve,
    key,
    import_videos,
    feed,
    replay,
    train,
    weights,
    evaluate,
    bench,
    verify,
    export,
    whatif,
    dead_letters,
    adopt_log,
)


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="recomind", prog_name="recomind", message="%(prog)s %(version)s")
def group() -> None:
    """All commands."""


for _command in COMMANDS:
    group.add_command(_command.command)


def main() -> None:
    """Run the command line; print expected errors and missing extras as one sentence, without a traceback."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        group()
    except RecoMindError as error:
        _exit_with(str(error))
    except ModuleNotFoundError as error:
        message = missing_extra_message(error)
        if message is None:
            raise
        _exit_with(message)


def _exit_with(message: str) -> None:
    click.echo(f"recomind: {message}", err=True)
    sys.exit(2)
