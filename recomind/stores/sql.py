"""Reads SQL files: a line `-- name --`, then the statement of that name."""

import re
from importlib.resources import files
from typing import Final

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def parse_statements(text: str) -> dict[str, str]:
    r"""Statements by name.

    >>> parse_statements("-- one --\nSELECT 1\n\n-- two --\nSELECT 2")
    {'one': 'SELECT 1', 'two': 'SELECT 2'}
    """
    _, *parts = _NAME.split(text)
    return {name: statement.strip() for name, statement in zip(parts[::2], parts[1::2], strict=True)}


QUERIES: Final = parse_statements(files("recomind.stores").joinpath("queries.sql").read_text())
