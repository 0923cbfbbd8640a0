"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOTS = (ROOT, ROOT / "agents", ROOT / "tables", ROOT / "web")
PACKAGES = ("recomind", "recomind_agents", "recomind_tables", "recomind_web")
MODULES = sorted(
    ".".join(file.relative_to(root).with_suffix("").parts)
    for root, package in zip(ROOTS, PACKAGES, strict=True)
    for file in (root / package).rglob("*.py")
    if ">>> " in file.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    module = importlib.import_module(name.removesuffix(".__init__"))
    assert any(found.examples for found in doctest.DocTestFinder().find(module))
    assert doctest.testmod(module).failed == 0
