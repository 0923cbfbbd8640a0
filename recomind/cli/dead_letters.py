"""`recomind dead-letters`: what could not be read; what was mended, sent again."""

import asyncio
from collections.abc import Mapping
from time import time
from typing import Any, BinaryIO, Final

import click
import msgspec

from recomind.cli.common import connected

SHOWN: Final = 200
"""Characters of a record that are shown to people."""


@click.group("dead-letters")
def command() -> None:
    r"""What could not be read of video_actions_stream: list it, mend it, send it again.

    \b
    recomind dead-letters list --json > letters
    (edit the records, delete the lines that are not to be sent)
    recomind dead-letters resend letters
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each, to be edited and resent.")
@click.option("--all", "everything", is_flag=True, help="Also those that were sent again.")
def list_letters(as_json: bool, everything: bool) -> None:
    """List dead letters: where the record stands (topic:partition:offset), when it came, why it is here, and itself."""
    from recomind.stream.dead_letters import read_letters, shown

    letters = asyncio.run(read_letters(connected()))
    for letter in letters.values():
        if everything or not letter.sent_again:
            click.echo(msgspec.json.encode(shown(letter)) if as_json else _told(shown(letter)))


@command.command("resend")
@click.argument("file", type=click.File("rb"))
@click.option("--again", is_flag=True, help="Also those that were sent again before.")
def resend(file: BinaryIO, again: bool) -> None:
    """Send the mended records of FILE (- for standard input), lines as `list --json` prints them.

    All are checked first, and if one cannot be read, none is sent. A record without a time happened when the log took
    the original. What was sent again before is left out; with --again it still counts once, as long as it is among
    the last 128 events of its person.
    """
    from recomind.stream.dead_letters import checked, read_letters, read_mended, send_again

    settings, mended = connected(), read_mended(file)
    letters = asyncio.run(read_letters(settings))
    records = checked(mended, letters, time())
    wanted = {key: record for key, record in records.items() if again or not letters[key].sent_again}
    asyncio.run(send_again(settings, wanted, letters))
    click.echo(f"{len(wanted)} sent, {len(records) - len(wanted)} left out as they were sent again before")


def _told(letter: Mapping[str, Any]) -> str:
    record = letter["record"]
    text = record if isinstance(record, str) else msgspec.json.encode(record).decode()
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
    sent = f"  sent again as {letter['sent_again']}" if letter["sent_again"] else ""
    return f"{letter['key']}  {letter['at']:%Y-%m-%d %H:%M:%S}Z  {letter['reason']}{sent}\n  {text}"
