"""The documents are complete, and what they tell to run runs."""

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from recomind.cli import group
from recomind.settings import PREFIX, Settings
from recomind.stores import keys
from recomind.stream import topics
from recomind_web.routes import ROUTES

ROOT = Path(__file__).parent.parent.parent
EVENTS = (ROOT / "docs" / "events.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("topic", topics.configurations(Settings()))
def test_every_topic_is_described(topic):
    assert f"`{topic}`" in EVENTS


@pytest.mark.parametrize("table", topics.TABLES)
def test_every_table_is_described(table):
    assert f"`{table}`" in EVENTS


@pytest.mark.parametrize("key", re.findall(r"^\| `([^`]+)`", keys.__doc__, re.MULTILINE))
def test_every_redis_key_is_described(key):
    assert f"`{key}`" in EVENTS


@pytest.mark.parametrize("setting", [field.name for field in fields(Settings)])
def test_every_setting_is_described(setting):
    assert f"`{PREFIX}{setting.upper()}`" in OPERATIONS


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_in_the_readme(route):
    assert route.path in README


@pytest.mark.parametrize("command", group.commands)
def test_every_command_tells_what_it_does(command):
    result = CliRunner().invoke(group, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 100


def test_a_replay_wants_a_time():
    result = CliRunner().invoke(group, ["replay", "--from", "yesterday"])
    assert result.exit_code == 2
    assert "'yesterday' is no time in ISO 8601, as 2026-11-24T12:00:00Z" in result.output


def test_the_readme_names_only_targets_that_exist():
    targets = set(re.findall(r"`make (\w+)", README)) | set(re.findall(r"^make (\w+)$", README, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text()
    assert {"demo", "test"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_decision_is_numbered_once():
    numbers = [file.name[:4] for file in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
    assert all(number.isdigit() for number in numbers)


def test_the_compose_file_is_valid():
    program = next((name for name in ("docker-compose",) if shutil.which(name)), None)
    command = [program] if program else ["docker", "compose"]
    if not program and (
        not shutil.which("docker") or subprocess.run([*command, "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("neither docker-compose nor docker's compose plug-in is installed")
    checked = subprocess.run(
        [*command, "-f", str(ROOT / "docker-compose.yml"), "config", "-q"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
