"""One stack for the whole suite, and the figures at its end."""

import pytest

from recomind.dev.stack.stack import Stack
from recomind.settings import Settings
from tests.faults.scene import FIGURES, NOTES


@pytest.fixture(scope="session")
def faulty(tmp_path_factory):
    """A stack whose servers may be stopped."""
    folder = tmp_path_factory.mktemp("faulty")
    with Stack(Settings(data_dir=str(folder), partitions=4, session_timeout=6.0)) as running:
        yield running


def pytest_terminal_summary(terminalreporter):
    if FIGURES:
        terminalreporter.section("outages: seconds until actions were archived, counted and served again")
        for fault, took, bound in FIGURES:
            terminalreporter.line(f"{took:6.1f} s  (at most {bound:.0f})  {fault}")
        for note in NOTES:
            terminalreporter.line(note)
