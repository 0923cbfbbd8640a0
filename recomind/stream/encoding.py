"""The version of stored encodings: how changelogs, `video_signals` and Redis values are encoded.

Each record of a changelog or of `video_signals` carries the version in the header `v`. A record without it has
version 1: RecoMind 0.1.0 wrote no header. Raise `ENCODING_VERSION` with any change that older code would misread.

| version | change |
|---|---|
| 1 | the first |
| 2 | `Profile.seen_blocks`, and the table `seen_blocks`; older code would drop the field, and with it the blocks |
|   | `PassedOverSignal` in `video_signals` |
|   | `UndoSignal` in `video_signals`; feedback and undone likes in profiles and popularity; watch times |
|   | `Profile.seen` with fingerprints of dropped likes, and `ActionSignal.is_repeated_like` |
|   | `Profile.older` and `older_blocks`, and the table `older_feedback` |
|   | local contexts in profiles, signals and popularity |
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from recomind.errors import NewerEncodingError, UnreadableError

ENCODING_VERSION: Final = 2
"""The version that is written; every version up to it is read."""

VERSION_HEADER: Final = "v"

_VERSION: Final = re.compile(rb"\d{1,4}")
"""What a version looks like; a header that does not is not ours, and so its record is not."""

VERSION_HEADERS: Final[tuple[tuple[str, bytes], ...]] = ((VERSION_HEADER, b"%d" % ENCODING_VERSION),)
"""The Kafka headers of every record in an encoding that has a version."""


def check_record(record: Any) -> None:
    """Check that a Kafka record can be decoded; a tombstone is checked like any other record.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
        UnreadableError: the version is no number.
    """
    if record.headers:
        try:
            check_headers(f"topic {record.topic}", record.headers)
        except UnreadableError as error:
            raise UnreadableError(place_of(record), error.reason) from None


def place_of(record: Any) -> str:
    """Where a record is, for messages."""
    return f"topic {record.topic}, partition {record.partition}, offset {record.offset}"


def check_headers(where: str, headers: Iterable[tuple[str, bytes | None]]) -> None:
    """Check the version in the headers of a record.

    Raises:
        NewerEncodingError: it is newer than `ENCODING_VERSION`.
        UnreadableError: it is no number: not RecoMind, of whatever version, wrote the record.
    """
    for name, value in headers:
        if name == VERSION_HEADER:
            if value is None or not _VERSION.fullmatch(value):
                raise UnreadableError(where, f"the header {VERSION_HEADER} is {value!r}, which is no version")
            check_version(where, value)


def written_by(headers: Iterable[tuple[str, bytes | None]] | None) -> int:
    """The version in the headers of a record that `check_record` has accepted."""
    return int(dict(headers or ()).get(VERSION_HEADER) or 1)


def check_version(where: str, version: bytes) -> None:
    """Check a version as it is stored, in decimal digits.

    Args:
        where: the topic or store that holds it, for the message.
        version: the stored bytes.

    Raises:
        NewerEncodingError: it is newer than `ENCODING_VERSION`, or is no number.
    """
    if not version.isdigit() or int(version) > ENCODING_VERSION:
        raise NewerEncodingError(where, version.decode(errors="backslashreplace"), ENCODING_VERSION)
