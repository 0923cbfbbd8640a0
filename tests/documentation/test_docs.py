"""The documents describe everything that there is, and name only what there is."""

import re
import tomllib
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
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
CURRENT = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
SOURCES = [file for folder in ("recomind", "agents", "tables", "web") for file in (ROOT / folder).rglob("*.py")]
MADE_BY_EXAMPLES = {
    "recomind/recommender/candidates/fresh_tags.py",
    "tests/unit/recommender/candidates/test_fresh_tags.py",
    "tests/web/test_counts.py",
}
"""Files that the worked examples of CONTRIBUTING.md create."""
PATH = re.compile(r"`((?:recomind|agents|tables|web|tests|deploy|docs|examples)/[\w./-]+)`")


@pytest.mark.parametrize("topic", topics.topic_configs(Settings()))
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
def test_every_command_says_what_it_does(command):
    result = CliRunner().invoke(group, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 100


def test_replay_refuses_a_time_that_is_not_iso_8601():
    result = CliRunner().invoke(group, ["replay", "--from", "yesterday"])
    assert result.exit_code == 2
    assert "'yesterday' is not an ISO 8601 time such as 2026-11-24T12:00:00Z" in result.output


def test_the_documents_name_only_make_targets_that_exist():
    text = README + CONTRIBUTING
    targets = set(re.findall(r"`make ([\w-]+)", text)) | set(re.findall(r"^make ([\w-]+)$", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text()
    assert {"demo", "test"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_decision_is_numbered_once():
    numbers = [file.name[:4] for file in DECISIONS]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.name[:4])
def test_a_decision_has_a_title_a_status_a_date_and_its_sections(file):
    text = file.read_text()
    assert re.match(
        rf"# {file.name[:4]}: .+\n\n- Status: (accepted|superseded by \[)(.|\n)*?\n- Date: \d{{4}}-\d\d-\d\d", text
    )
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.name[:4])
def test_a_decision_is_in_the_index_under_its_title(file):
    title = file.read_text().partition("\n")[0].partition(": ")[2]
    assert f"| [{file.name[:4]}]({file.name}) | {title} | " in (file.parent / "README.md").read_text()


@pytest.mark.parametrize("file", CURRENT, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_and_paths_lead_to_files(file):
    text = file.read_text()
    links = {link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link}
    assert [link for link in links if not (file.parent / link).exists()] == []
    paths = {path.rstrip(".") for path in PATH.findall(text)}
    missing = {path for path in paths if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists()}
    assert missing <= MADE_BY_EXAMPLES


def test_sources_refer_to_decisions_that_exist():
    named = {name for file in SOURCES for name in re.findall(r"docs/decisions/([\w-]+)", file.read_text())}
    assert named
    assert [
        name for name in named if not any(file.stem in (name, f"{name}{file.stem[4:]}") for file in DECISIONS)
    ] == []


def test_the_glossary_is_sorted_and_says_where_each_term_is():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", GLOSSARY, re.MULTILINE)[1:]
    assert len(rows) > 50
    assert rows == sorted(rows, key=lambda row: row[0].lower())
    assert [term for term, _, where in rows if not PATH.search(where)] == []


def test_the_changelog_begins_with_this_version():
    [latest, *_] = re.findall(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert latest == project["version"]
