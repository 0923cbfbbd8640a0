"""The shape of the code: sizes, docstrings, origins of the root packages."""

import ast
import importlib
import statistics
from pathlib import Path

import pytest

from recomind_agents import AGENTS

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("recomind", "agents", "tables", "web")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def body_lines(function):
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0


FUNCTIONS = [
    (f"{file.relative_to(ROOT)}:{node.name}", body_lines(node))
    for file in FILES
    for node in ast.walk(ast.parse(file.read_text()))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


def test_files_are_short():
    lengths = {file: len(file.read_text().splitlines()) for file in FILES}
    assert max(lengths.values()) <= 300
    assert statistics.median(lengths.values()) <= 120


def test_functions_are_short():
    lengths = [length for _, length in FUNCTIONS]
    assert statistics.median(lengths) <= 6
    assert sum(length <= 20 for length in lengths) >= 0.9 * len(lengths)
    assert [name for name, length in FUNCTIONS if length > 50] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_has_a_docstring(file):
    assert ast.get_docstring(ast.parse(file.read_text()))


@pytest.mark.parametrize("name", ["recomind", "recomind_agents", "recomind_tables", "recomind_web"])
def test_root_packages_are_ours(name):
    assert Path(importlib.import_module(name).__file__).is_relative_to(ROOT)


def test_every_agent_file_is_declared():
    files = {file.stem for file in (ROOT / "agents" / "recomind_agents").glob("*.py")} - {"__init__"}
    assert files == AGENTS.keys()


def test_nothing_tells_of_this_machine_or_a_registry():
    for file in ROOT.rglob("*"):
        if file.is_file() and not {".venv", ".git", ".recomind"} & set(file.relative_to(ROOT).parts):
            text = file.read_text(errors="ignore") if file.suffix in {".py", ".md", ".toml", ".lock", ".yml"} else ""
            assert "files.pythonhosted" + ".org" not in text
            assert "/" + "work/" not in text, file


def test_unit_tests_mirror_the_source():
    """`tests/unit/room/test_module.py` tests `recomind/room/module.py`; `test_module_topic.py` one topic of it."""
    misplaced = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests" / "unit").rglob("test_*.py")
        if not any(file.stem == f"test_{one}" or file.stem.startswith(f"test_{one}_") for one in modules_beside(file))
    ]
    assert misplaced == []


def modules_beside(file):
    """The names of the modules at the mirrored place of a unit test, and of their package."""
    room = file.parent.relative_to(ROOT / "tests" / "unit")
    top = room.parts[0] if room.parts else ""
    if top in {"agents", "tables", "web"}:
        source = ROOT / top / f"recomind_{top}" / Path(*room.parts[1:])
    else:
        source = ROOT / "recomind" / room
    return {room.name, *(one.stem for one in source.iterdir() if one.suffix == ".py" or one.is_dir())}
