"""Logs as CSV: a folder with `actions.csv` and `videos.csv`, each plain or gzipped (`.csv.gz`).

- `actions.csv`: `user_id,video_id,action_type,timestamp`; times in epoch seconds or ISO 8601 (UTC), ascending.
- `videos.csv`: `video_id,title,tags,created_at`; tags separated by `|`; `created_at` in ISO 8601, or empty.
"""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from recomind.errors import InputError
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.ids import UserId, VideoId


def read_actions(folder: Path, limit: int | None = None) -> Iterator[Action]:
    """The actions of a log in its order; with `limit`, only the first so many.

    Raises:
        InputError: the file is missing, or a line is invalid; the message names it.
    """
    with _rows(folder, "actions") as rows:
        for number, row in enumerate(islice(rows, limit), 2):
            try:
                user_id, video_id = UserId(row["user_id"]), VideoId(row["video_id"])
                yield Action(user_id, video_id, row["action_type"], parse_time(row["timestamp"]))
            except (KeyError, ValueError, TypeError) as error:
                raise InputError(f"line {number} of the actions in {folder}: {error!r} in {row}") from error


def read_videos(folder: Path) -> Iterator[Video]:
    """The catalogue of a log.

    Raises:
        InputError: the file is missing, or a line is invalid; the message names it.
    """
    with _rows(folder, "videos") as rows:
        for number, row in enumerate(rows, 2):
            try:
                tags = tuple(dict.fromkeys(tag for tag in row["tags"].split("|") if tag))
                created_at = parse_time(row["created_at"]) if row.get("created_at") else 0.0
                yield Video(video_id=VideoId(row["video_id"]), title=row["title"], tags=tags, created_at=created_at)
            except (KeyError, ValueError, AttributeError) as error:
                raise InputError(f"line {number} of the videos in {folder}: {error!r} in {row}") from error


@contextmanager
def _rows(folder: Path, name: str) -> Iterator[Iterator[dict[str, str]]]:
    with _open(folder, name) as file:
        yield csv.DictReader(file)


def _open(folder: Path, name: str) -> IO[str]:
    plain, gzipped = folder / f"{name}.csv", folder / f"{name}.csv.gz"
    if plain.exists():
        return plain.open(newline="", encoding="utf-8")
    if gzipped.exists():
        return gzip.open(gzipped, "rt", newline="", encoding="utf-8")
    raise InputError(f"neither {plain} nor {gzipped} exists: name a folder with actions.csv and videos.csv")


def parse_time(text: str) -> float:
    """Epoch seconds of a number or an ISO 8601 time, UTC if it names no zone."""
    try:
        return float(text)
    except ValueError:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
