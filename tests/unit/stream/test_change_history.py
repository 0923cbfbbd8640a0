"""The history of changes: rules, experiments and live settings have the same one, and it is bounded."""

import msgspec
import pytest

from recomind.errors import NewerEncodingError
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import Rule, RuleRecord
from recomind.runtime.experiment_stream import ExperimentStream
from recomind.runtime.live_settings import LiveSettings
from recomind.runtime.rule_stream import RuleStream
from recomind.settings import Settings
from recomind.stream.change_history import ChangeHistory
from tests.unit.stream.compacted_log import Log, consumed

ARMS = (Arm(name="A"), Arm(name="B", exploration=0.1))


def new_stream(kind):
    """A stream without records."""
    return {
        "rule": lambda: RuleStream(Settings(), lambda _: None),
        "experiment": lambda: ExperimentStream(Settings(), lambda _: None),
        "setting": lambda: LiveSettings(Settings()),
    }[kind]()


async def change(kind, stream, log, number):
    """Make a change that says a number."""
    if kind == "rule":
        await stream.send(log, RuleRecord("rule", "R1", Rule(action="filter", where=f"tag:{number}")), "ops")
    elif kind == "experiment":
        await stream.send(log, ExperimentRecord("e", Experiment(arms=ARMS, note=f"{number}")), "ops")
    else:
        await stream.change(log, {"exploration": msgspec.Raw(f"0.0{number}".encode())}, "ops")


KINDS = pytest.mark.parametrize("kind", ["rule", "experiment", "setting"])


@KINDS
async def test_the_history_outlives_compaction_and_is_of_the_latest_changes(monkeypatch, kind):
    monkeypatch.setattr("recomind.stream.change_history.MAX_HISTORY", 3)
    log, stream, later = Log(), new_stream(kind), new_stream(kind)
    log.streams.append(stream)
    for number in range(6):
        await change(kind, stream, log, number)
    assert [(one.changed_by, one.changed_at) for one in stream.history.latest] == [
        ("ops", at) for at in (104, 105, 106)
    ]
    assert len(log.compacted()) == 3 + 1
    log.read_by(later)
    assert later.history.latest == stream.history.latest


@KINDS
async def test_a_long_history_of_an_earlier_version_is_cut_by_the_next_change(monkeypatch, kind):
    log, writer, stream = Log(), new_stream(kind), new_stream(kind)
    log.streams.append(writer)
    for number in range(5):
        await change(kind, writer, log, number)
    monkeypatch.setattr("recomind.stream.change_history.MAX_HISTORY", 3)
    log.read_by(stream)
    assert stream.history.latest == writer.history.latest[-3:]
    log.streams = [stream]
    await change(kind, stream, log, 5)
    assert len(log.compacted()) == 3 + 1


async def test_settings_that_are_changed_together_have_room_together(monkeypatch):
    monkeypatch.setattr("recomind.stream.change_history.MAX_HISTORY", 3)
    log, stream = Log(), new_stream("setting")
    log.streams.append(stream)
    for _ in range(2):
        await stream.change(log, dict.fromkeys(("exploration", "action_weights"), msgspec.Raw(b"null")), "ops")
    names = ["action_weights", "exploration", "action_weights"]
    assert [one.name for one in stream.history.latest] == names
    assert len(log.compacted()) == 3 + 2


@KINDS
async def test_tombstones_of_the_history_are_no_fault(caplog, kind):
    stream = new_stream(kind)
    stream._apply(consumed(None, key=b"a@1"))
    assert (stream.history.latest, caplog.text) == ([], "")


def test_what_this_version_cannot_read_is_passed_over_and_gets_a_tombstone_in_its_turn(monkeypatch):
    monkeypatch.setattr("recomind.stream.change_history.MAX_HISTORY", 2)
    history = ChangeHistory(lambda record: None if record.value == b"strange" else record.value)
    for key, value in ((b"a@1", b"strange"), (b"a@2", b"first"), (b"a@3", b"second")):
        assert history.apply(consumed(value, key=key))
    assert not history.apply(consumed(b"second", key=b"a"))
    assert history.latest == [b"first", b"second"]
    assert [one.key for one in history.records_of({b"a": b"third"}) if one.value is None] == [b"a@1", b"a@2"]


@KINDS
def test_a_history_of_a_newer_encoding_stops_the_worker(kind):
    with pytest.raises(NewerEncodingError):
        new_stream(kind)._apply(consumed(b"{}", [("v", b"999")], b"a@1"))
