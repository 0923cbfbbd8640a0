"""Logs as CSV: a folder with `actions.csv` and `videos.csv`, each plain or gzipped (`.csv.gz`), in UTF-8.

- `actions.csv`: `user_id,video_id,action_type,timestamp`, ascending by time.
- `videos.csv`: `video_id,title,tags,created_at`; tags separated by `|`; further columns may be `url`, `creator_id`,
  `language`, `countries` and `labels` (separated by `|`), `duration_ms`, `age_rating` and `thumbnail_url`.
  Only `video_id` and `title` must be there.

Times are in ISO 8601 (UTC if there is no zone), or epoch seconds or milliseconds. A byte order mark is skipped.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, TypeVar

import msgspec

from recomind.errors import InputError
from recomind.model.action_types import ACTION_TYPES, UNDO_TYPES
from recomind.model.catalogue import Video, VideoChange, VideoDetails, check_id, video_change
from recomind.model.events import Action, epoch_seconds
from recomind.model.ids import UserId, VideoId
from recomind.model.metadata import METADATA_FIELDS
from recomind.model.text import InvalidFieldError

ACTION_COLUMNS: Final = ("user_id", "video_id", "action_type", "timestamp")
VIDEO_COLUMNS: Final = ("video_id", "title")
"""Columns that must be there."""

MILLISECONDS_FROM: Final = 1e11
"""A time from this number on is in milliseconds: as seconds it would be in the year 5138."""

_LISTS: Final = {"countries", "labels"}
"""Columns of metadata with several values."""

_UNDECODED: Final = re.compile("[\udc80-\udcff]")
"""Bytes that are not UTF-8, as `surrogateescape` reads them."""

Row = dict[str, str]
Found = TypeVar("Found")


class LineFault(NamedTuple):
    """A line that cannot be used, and why."""

    line: int
    """Its number in the file, from 1."""
    reason: str


def read_actions(folder: Path, limit: int | None = None) -> Iterator[Action]:
    """The actions of a log in its order; with `limit`, only the first so many.

    Raises:
        InputError: the file is missing, or a line is invalid; the message names it.
    """
    with _rows(folder, "actions", ACTION_COLUMNS) as rows:
        for line, row in islice(rows, limit):
            found = _parsed(line, row, _action)
            if isinstance(found, LineFault):
                raise InputError(f"line {line} of the actions in {folder}: {found.reason}")
            yield found


def read_changes(folder: Path) -> Iterator[VideoChange | LineFault]:
    """The catalogue of a log as changes to write, checked as `PUT /videos` checks them, with a fault for each bad line.

    Raises:
        InputError: the file is missing, or lacks a column.
    """
    with _rows(folder, "videos", VIDEO_COLUMNS) as rows:
        for line, row in rows:
            yield _parsed(line, row, _change)


def has_videos(folder: Path) -> bool:
    """Whether a log comes with a file of videos."""
    return any(path.exists() for path in _paths(folder, "videos"))


def read_videos(folder: Path) -> Iterator[Video]:
    """The catalogue of a log.

    Raises:
        InputError: the file is missing, or a line is invalid; the message names it.
    """
    for found in read_changes(folder):
        if isinstance(found, LineFault):
            raise InputError(f"line {found.line} of the videos in {folder}: {found.reason}")
        yield Video(
            video_id=found.video_id,
            title=found.title or "",
            url=found.url or "",
            tags=found.tags or (),
            creator_id=found.creator_id or None,
            created_at=found.created_at or 0.0,
            **found.metadata,
        )


def parse_time(text: str) -> float:
    """Epoch seconds of a number or an ISO 8601 time, UTC if it names no zone.

    Raises:
        ValueError: it is neither.
    """
    try:
        number = float(text)
    except ValueError:
        try:
            return epoch_seconds(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            raise ValueError(_no_time(text)) from None
    if not isfinite(number):
        raise ValueError(_no_time(text))
    return number / 1000 if abs(number) >= MILLISECONDS_FROM else number


def _no_time(text: str) -> str:
    return f"{text[:40]!r} is no time: write ISO 8601, or epoch seconds or milliseconds"


def _action(row: Row) -> Action:
    if row["action_type"] not in ACTION_TYPES and row["action_type"] not in UNDO_TYPES:
        raise InvalidFieldError("action_type", f"action_type must be one of {', '.join(ACTION_TYPES)}")
    user_id, video_id = check_id("user_id", row["user_id"]), check_id("video_id", row["video_id"])
    return Action(UserId(user_id), VideoId(video_id), row["action_type"], parse_time(row["timestamp"]))


def _change(row: Row) -> VideoChange:
    fields: dict[str, Any] = {"title": row["title"], "url": row.get("url", "")}
    fields["tags"] = [tag for tag in row.get("tags", "").split("|") if tag.strip()]
    if row.get("creator_id"):
        fields["creator_id"] = row["creator_id"]
    for name in METADATA_FIELDS:
        text = row.get(name, "").strip()
        if text:
            fields[name] = [one.strip() for one in text.split("|") if one.strip()] if name in _LISTS else text
    details = msgspec.convert(fields, VideoDetails, strict=False)
    if row.get("created_at"):
        details = msgspec.structs.replace(details, created_at=_datetime(parse_time(row["created_at"])))
    return video_change(row["video_id"], details, keep_url=True)


def _datetime(at: float) -> datetime:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)  # out of the bounds of an upload time


def _parsed(line: int, row: Row | str, parse: Callable[[Row], Found]) -> Found | LineFault:
    """What `parse` makes of a row, or the fault of its line; a text in place of the row is a fault already."""
    if isinstance(row, str):
        return LineFault(line, row)
    try:
        return parse(row)
    except (ValueError, msgspec.ValidationError) as error:
        return LineFault(line, str(error))


@contextmanager
def _rows(folder: Path, name: str, columns: Iterable[str]) -> Iterator[Iterator[tuple[int, Row | str]]]:
    """The rows of a file with the numbers of their last lines; a text says what is wrong with a row.

    Raises:
        InputError: the file is missing or damaged, or lacks a column.
    """
    with _open(folder, name) as file:
        try:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"the {name} in {folder} lack the column {missing[0]}: the first line names columns")
            yield _checked_rows(reader)
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            raise InputError(f"the {name} in {folder} cannot be read: {error}") from error


def _checked_rows(reader: "csv.DictReader[str]") -> Iterator[tuple[int, Row | str]]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.reader.line_num, f"{error}: is a quotation mark missing?"
        else:
            yield reader.line_num, _fault_of(row) or row


def _fault_of(row: dict[Any, Any]) -> str:
    """What is wrong with the form of a row; empty if nothing is."""
    if None in row:
        return "too many columns: put quotation marks around values with commas"
    values = row.values()
    if None in values:
        return "too few columns"
    text = "".join(values)
    return "not UTF-8: convert the file" if not text.isascii() and _UNDECODED.search(text) else ""


def _open(folder: Path, name: str) -> IO[str]:
    plain, gzipped = _paths(folder, name)
    if plain.exists():
        return plain.open(newline="", encoding="utf-8-sig", errors="surrogateescape")
    if gzipped.exists():
        return gzip.open(gzipped, "rt", newline="", encoding="utf-8-sig", errors="surrogateescape")
    raise InputError(f"neither {plain} nor {gzipped} exists: name a folder with actions.csv and videos.csv")


def _paths(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a file of a log may lie: plain, and gzipped."""
    return folder / f"{name}.csv", folder / f"{name}.csv.gz"
