"""One stack for the whole suite, and a summary of recovery times at its end."""

import pytest

from recomind.dev.stack.stack import Stack
from recomind.settings import Settings
from tests.faults.scenario import NOTES, RECOVERIES


@pytest.fixture(scope="session")
def fault_stack(tmp_path_factory):
    """A stack whose servers may be stopped."""
    folder = tmp_path_factory.mktemp("fault_stack")
    with Stack(Settings(data_dir=str(folder), partitions=4, session_timeout=6.0)) as running:
        yield running


def pytest_terminal_summary(terminalreporter):
    if RECOVERIES:
        terminalreporter.section("recovery times: seconds until actions were archived, counted and served again")
        for fault, seconds, limit in RECOVERIES:
            terminalreporter.line(f"{seconds:6.1f} s  (at most {limit:.0f})  {fault}")
        for note in NOTES:
            terminalreporter.line(note)
