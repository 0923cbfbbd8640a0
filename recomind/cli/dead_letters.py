"""`recomind dead-letters`: list records that could not be decoded, and resend corrected ones."""

import asyncio
from collections.abc import Mapping
from time import time
from typing import Any, BinaryIO, Final

import click

from recomind.cli.common import load_server_settings

MAX_RECORD_CHARACTERS: Final = 200
"""Longer records are cut in the text output."""


@click.group("dead-letters")
def command() -> None:
    """List, correct and resend records of video_actions_stream that could not be decoded.

    \b
    recomind dead-letters list --json > letters
    (correct the records, delete the lines that are not to be sent)
    recomind dead-letters resend letters
    """  # noqa: D301 click needs the backspace itself, to keep the lines


@command.command("list")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON per dead letter, to be edited and resent."
)
@click.option("--all", "everything", is_flag=True, help="Include dead letters that were resent before.")
def list_dead_letters(as_json: bool, everything: bool) -> None:
    """List dead letters: position (topic:partition:offset), time, reason, and the record itself.

    Of a record above 64 KiB a dead letter holds the beginning; the whole is in the log at the position.
    """
    import msgspec

    from recomind.stream.dead_letters import printable_fields, read_dead_letters

    dead_letters = asyncio.run(read_dead_letters(load_server_settings()))
    listed = [one for one in dead_letters.values() if everything or not one.resent_as]
    for dead_letter in listed:
        fields = printable_fields(dead_letter)
        click.echo(msgspec.json.encode(fields) if as_json else _format_dead_letter(fields))
    if not listed:
        resent = f"; {len(dead_letters)} were resent, --all lists them" if dead_letters else ""
        click.echo(f"there are no dead letters{resent}", err=True)


@command.command("resend")
@click.argument("file", type=click.File("rb"))
@click.option("--again", is_flag=True, help="Include records that were resent before.")
def resend(file: BinaryIO, again: bool) -> None:
    """Send the corrected records of FILE (- for standard input), one JSON object per line as `list --json` prints them.

    All records are validated first; if one is invalid, none is sent. A record without a timestamp gets the time at
    which Kafka stored the original. Records that were resent before are skipped. With --again they are sent once
    more, and still count once if their event id is among the last 128 of their user.
    """
    from recomind.stream.dead_letters import (
        parse_corrections,
        read_dead_letters,
        resend_corrections,
        validate_corrections,
    )

    settings, corrections = load_server_settings(), parse_corrections(file)
    dead_letters = asyncio.run(read_dead_letters(settings))
    records = validate_corrections(corrections, dead_letters, time())
    selected = {key: record for key, record in records.items() if again or not dead_letters[key].resent_as}
    asyncio.run(resend_corrections(settings, selected, dead_letters))
    click.echo(f"{len(selected)} sent, {len(records) - len(selected)} skipped as they were resent before")


def _format_dead_letter(fields: Mapping[str, Any]) -> str:
    import msgspec

    record = fields["record"]
    text = record if isinstance(record, str) else msgspec.json.encode(record).decode()
    if len(text) > MAX_RECORD_CHARACTERS:
        text = f"{text[:MAX_RECORD_CHARACTERS]}… ({len(text)} characters)"
    if "cut_from" in fields:
        text += (
            f"\n  only the beginning of {fields['cut_from']} bytes: the whole record is in the log, at {fields['key']}"
        )
    resent = f"  resent as {fields['sent_again']}" if fields["sent_again"] else ""
    head = f"{fields['key']}  {fields['at']:%Y-%m-%d %H:%M:%S}Z  {fields['reason']}{resent}"
    return f"{_escaped(head)}\n  {_escaped(text)}"


def _escaped(text: str) -> str:
    """The text with control characters as escapes: a record must not be able to control the terminal."""
    from recomind.model.text import is_printable

    return "".join(char if is_printable(char) else char.encode("unicode_escape").decode() for char in text)
