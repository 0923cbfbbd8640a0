"""SQL lives in `.sql` files: `-- name --` on a line, then the statement."""

import re
from importlib.resources import files
from typing import Final

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def read(text: str) -> dict[str, str]:
    r"""Statements by name.

    >>> read("-- one --\nSELECT 1\n\n-- two --\nSELECT 2")
    {'one': 'SELECT 1', 'two': 'SELECT 2'}
    """
    _, *parts = _NAME.split(text)
    return {name: statement.strip() for name, statement in zip(parts[::2], parts[1::2], strict=True)}


SCHEMA: Final = files("recomind.stores").joinpath("schema.sql").read_text()
QUERIES: Final = read(files("recomind.stores").joinpath("queries.sql").read_text())
