"""The package in `examples/extension` is installed as a user would, its tests pass, and its extensions are found."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "extension"
MODEL = {"names": ["likes, 24 h"], "means": [0.0], "deviations": [1.0], "weights": [1.0], "intercept": -2.0}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Environment variables of a process that has the package. It is built from a copy: a build leaves files there."""
    folder = tmp_path_factory.mktemp("extension")
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", folder / "site", folder / "source"], check=True)
    paths = os.pathsep.join([str(folder / "site"), *filter(None, sys.path)])
    others = {name: value for name, value in os.environ.items() if not name.startswith(("EXAMPLE_", "RECOMIND_"))}
    return others | {"PYTHONPATH": paths}


def run(environ, folder, *arguments, **more):
    line = [sys.executable, "-m", *map(str, arguments)]
    found = subprocess.run(line, env=environ | more, cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found


def test_its_own_tests_pass(installed, tmp_path):
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    found = run(installed, tmp_path, "pytest", "-q", "-rs", "tests", "--basetemp", tmp_path / "temporary")
    assert " passed" in found.stdout
    if " skipped" in found.stdout:
        pytest.skip("some of them were skipped: scikit-learn is not installed")


def test_recomind_finds_them_all_and_evaluates_them(installed, tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    vectors = (f"v{number},{number % 7},{number % 3}\n" for number in range(1_000))
    (tmp_path / "vectors.csv").write_text("".join(vectors))
    run(installed, tmp_path, "recomind_example", "log", "log", "--users", 8)
    files = {"EXAMPLE_EMBEDDINGS": "vectors.csv", "EXAMPLE_MODEL": "model.json"}
    options = "log --limit 600 --active nearest --ranker logistic --ranker source:nearest --ranker titles --json"
    found = run(installed, tmp_path, "recomind", "evaluate", *options.split(), **files)
    assert "left out" not in found.stderr
    details = json.loads(found.stdout)["details"]
    rankers = ("ranker logistic", "ranker source:nearest", "ranker titles")
    assert len({details[ranker]["likes"] for ranker in rankers}) == 1
    assert details["ranker titles"]["likes"] > 0
    without = run(installed, tmp_path, "recomind", "evaluate", "log", "--limit", 100, "--json")
    assert "set EXAMPLE_EMBEDDINGS to a file of embeddings" in without.stderr
