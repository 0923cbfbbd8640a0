"""Places of served lists as rows of a Parquet file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from recomind.recommender.served import RATE_NAMES

ROWS_PER_GROUP: Final = 10_000
"""Rows that are collected before they are written."""

Row = dict[str, Any]
"""Column to value."""


def rate_column(name: str) -> str:
    """The column of a like rate.

    >>> rate_column("user and tags")
    'like_rate_user_and_tags'
    """
    return f"like_rate_{name.replace(' ', '_')}"


class RowWriter:
    """Writes rows to a Parquet file, a row group at a time; the file has its name once it is complete."""

    def __init__(self, file: Path) -> None:
        import pyarrow
        from pyarrow import parquet

        self.rows = 0
        self._arrow = pyarrow
        self._file = file
        self._partial = file.with_suffix(".partial")
        self._schema = _schema(pyarrow)
        self._writer = parquet.ParquetWriter(self._partial, self._schema, compression="zstd")
        self._collected: list[Row] = []

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()
        if kind is None:
            self._partial.rename(self._file)

    def write(self, rows: Iterator[Row]) -> None:
        """Collect rows, and write them once there are `ROWS_PER_GROUP`."""
        for row in rows:
            self._collected.append(row)
            self.rows += 1
            if len(self._collected) >= ROWS_PER_GROUP:
                self._flush()

    def _flush(self) -> None:
        if self._collected:
            self._writer.write_table(self._arrow.Table.from_pylist(self._collected, schema=self._schema))
            self._collected.clear()


def _schema(arrow: Any) -> Any:
    at, number, numbers = arrow.timestamp("us", tz="UTC"), arrow.float32(), arrow.list_(arrow.float32())
    text, whole = arrow.string(), arrow.int64()
    columns = {
        "list_id": text,
        "user_id": text,
        "served_at": at,
        "logged_at": at,
        "version": whole,
        "scenario": text,
        "arms": text,
        "place": arrow.int16(),
        "video_id": text,
        "outcome": text,
        "outcome_at": at,
        "propensity": number,
        "choice": number,
        "factor_score": number,
        "item_mean": numbers,
        "item_variance": numbers,
        **dict.fromkeys(map(rate_column, RATE_NAMES), number),
    }
    return arrow.schema(list(columns.items()))
