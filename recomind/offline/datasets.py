"""Logs in the common form: a folder with `actions.csv` and `videos.csv`, each plain or gzipped.

- `actions.csv`: `user_id,video_id,action_type,timestamp`; the time in epoch seconds or ISO 8601, ascending.
- `videos.csv`: `video_id,title,tags,created_at`; tags separated by `|`; the date or time in ISO 8601, or empty.
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


def read_actions(folder: Path, limit: int | None = None) -> Iterator[Action]:
    """The actions of a log, in its order.

    Raises:
        InputError: the file is missing, or a line cannot be read; the message names it.
    """
    with _rows(folder, "actions") as rows:
        for number, row in enumerate(islice(rows, limit), 2):
            try:
                yield Action(row["user_id"], row["video_id"], row["action_type"], _time(row["timestamp"]))
            except (KeyError, ValueError, TypeError) as error:
                raise InputError(f"line {number} of the actions in {folder}: {error!r} in {row}") from error


def read_videos(folder: Path) -> Iterator[Video]:
    """The catalogue of a log.

    Raises:
        InputError: the file is missing, or a line cannot be read; the message names it.
    """
    with _rows(folder, "videos") as rows:
        for number, row in enumerate(rows, 2):
            try:
                tags = tuple(dict.fromkeys(tag for tag in row["tags"].split("|") if tag))
                created_at = _time(row["created_at"]) if row.get("created_at") else 0.0
                yield Video(video_id=row["video_id"], title=row["title"], tags=tags, created_at=created_at)
            except (KeyError, ValueError, AttributeError) as error:
                raise InputError(f"line {number} of the videos in {folder}: {error!r} in {row}") from error


@contextmanager
def _rows(folder: Path, name: str) -> Iterator[Iterator[dict[str, str]]]:
    with _open(folder, name) as file:
        yield csv.DictReader(file)


def _open(folder: Path, name: str) -> IO[str]:
    plain, packed = folder / f"{name}.csv", folder / f"{name}.csv.gz"
    if plain.exists():
        return plain.open(newline="", encoding="utf-8")
    if packed.exists():
        return gzip.open(packed, "rt", newline="", encoding="utf-8")
    raise InputError(f"neither {plain} nor {packed} exists: name a folder with actions.csv and videos.csv")


def _time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
