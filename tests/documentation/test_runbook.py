"""The runbook has an entry for each alert and for each error that can end a worker, and each entry is complete."""

import re
from pathlib import Path

import pytest

from recomind import errors

ROOT = Path(__file__).parent.parent.parent
RUNBOOK = (ROOT / "docs" / "operations.md").read_text().partition("\n## Runbook\n")[2].partition("\n## ")[0]
ENTRIES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
ALERTS = re.findall(r"- alert: (\w+)", (ROOT / "deploy" / "alerts.yml").read_text())
NOT_OF_WORKERS = {
    *("RecoMindError", "InputError", "StackError", "UnsettledError"),  # of commands
    *("ApiError", "RequestError", "KeyRefusedError", "BusyError", "UnreachableError"),  # of the client
}
"""Errors that never end a worker. A new error of another kind needs an entry."""

OF_WORKERS = [
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, Exception) and name not in NOT_OF_WORKERS
]


def test_there_is_an_entry_for_each_alert_and_each_error_and_no_other():
    titles = {f"Alert `{one}`" for one in ALERTS} | {f"A worker ends: `{one}`" for one in OF_WORKERS}
    assert set(ENTRIES) == titles


@pytest.mark.parametrize("title", ENTRIES)
def test_an_entry_says_what_happened_what_to_do_and_how_to_know_that_it_worked(title):
    found = re.findall(r"^- \*\*(What happened|What to do|It worked when)\*\*", ENTRIES[title], re.MULTILINE)
    assert found == ["What happened", "What to do", "It worked when"]
