"""SQL is in .sql files only, and is executed by name with parameters."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FILES = [file for package in ("recomind", "agents", "tables", "web") for file in (ROOT / package).rglob("*.py")]
EXECUTE_METHODS = {"execute", "executemany", "fetch", "fetchrow", "fetchval"}
STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s.*\sSET\s|DELETE\s+FROM\s|WITH\s.*\sAS\s|TRUNCATE\s|COPY\s"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|UNIQUE|VIEW|SCHEMA|DATABASE)\s)",
    re.DOTALL | re.IGNORECASE,
)


def sql_in(source):
    """Lines with an SQL literal, or with a call that executes anything but a statement of a .sql file."""
    nodes = list(ast.walk(ast.parse(source)))
    texts = (node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    calls = (node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in EXECUTE_METHODS)
    literals = {node.lineno for node in texts if STATEMENT.match(node.value)}
    return sorted(literals | {node.lineno for node in calls if not is_from_a_file(node)})


def is_from_a_file(call):
    """Whether the statement is `QUERIES[...]` or `MIGRATIONS[...]` itself, unchanged."""
    text = ast.unparse(call.args[0]) if call.args else ""
    return re.fullmatch(r"(QUERIES|MIGRATIONS)\[[^\[\]]+\]", text) is not None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_python_files_contain_no_sql(file):
    assert sql_in(file.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        'text = "select video_id from videos"',
        'text = f"DELETE FROM {table} WHERE id = 1"',
        'text = "INSERT INTO videos " + rest',
        'connection.execute(QUERIES["likes"] + tail)',
        'connection.execute(QUERIES["likes"].format(table))',
        'connection.fetch(f"{anything}")',
        "connection.fetch(statement)",
    ],
)
def test_sql_in_python_is_found(source):
    assert sql_in(source) == [1]


def test_a_named_statement_with_parameters_is_allowed():
    assert sql_in('connection.execute(QUERIES["put_user"], user_id, name)') == []
