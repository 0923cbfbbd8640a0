"""Records of the topic `experiments`: they say who and when, and those of earlier versions are read."""

import msgspec
import pytest

from recomind.errors import SettingsError
from recomind.model.experiments import GUARDRAIL, Arm, Experiment, ExperimentRecord, decode_experiment_record
from recomind.offline.recorded_changes import changes_of
from recomind.runtime.api_keys import new_key, parse_keys
from recomind.runtime.experiment_stream import ExperimentStream
from recomind.settings import Settings
from tests.unit.stream.compacted_log import Log, consumed

EXPERIMENT = Experiment(arms=(Arm(name="A"), Arm(name="B", exploration=0.1)))


def stream_on(log):
    applied = []
    stream = ExperimentStream(Settings(), applied.append)
    log.streams.append(stream)
    return stream, applied


async def test_a_change_says_who_when_and_what_and_stays_in_the_history():
    log = Log()
    (stream, applied), (other, _) = stream_on(log), stream_on(log)
    await stream.send(log, ExperimentRecord("e", EXPERIMENT, 5.0), "ops")
    await stream.send(log, msgspec.structs.replace(applied[0], stopped={"B": "worse"}), GUARDRAIL)
    await stream.send(log, ExperimentRecord("e"), "ada")
    assert [(one.changed_by, one.changed_at) for one in applied] == [("ops", 101.0), (GUARDRAIL, 102.0), ("ada", 103.0)]
    assert stream.history.latest == other.history.latest == applied
    assert [record.key.partition(b"@")[0] for record in log.records] == [b"e"] * 6


class Book(dict):
    """What is applied last of each experiment."""

    def apply(self, record):
        self[record.name] = record


async def stopping_while(change):
    """What workers know after a guardrail has stopped an arm, not knowing of a change: a live one, and a new one."""
    log, live, new = Log(), Book(), Book()
    stream = ExperimentStream(Settings(), live.apply)
    log.streams.append(stream)
    await stream.send(log, ExperimentRecord("e", EXPERIMENT, 5.0), "ops")
    stop = msgspec.structs.replace(live["e"], stopped={"B": "worse"})
    if change is not None:
        await stream.send(log, change, "ada")
    await stream.send(log, stop, GUARDRAIL)
    log.read_by(ExperimentStream(Settings(), new.apply))
    assert live == new
    changes = changes_of([consumed(one.value, key=one.key) for one in log.compacted()], decode_experiment_record)
    assert changes.all[-1].record == live["e"]
    return live["e"]


async def test_a_stop_changes_nothing_of_an_experiment_that_was_deleted_or_put_anew_meanwhile():
    deleted = await stopping_while(ExperimentRecord("e"))
    assert (deleted.experiment, deleted.changed_by) == (None, "ada")
    anew = await stopping_while(ExperimentRecord("e", EXPERIMENT, 9.0))
    assert (anew.created_at, anew.stopped, anew.changed_by) == (9.0, {}, "ada")


async def test_a_stop_holds_with_what_was_put_of_the_same_test_meanwhile():
    assert (await stopping_while(None)).stopped == {"B": "worse"}
    noted = msgspec.structs.replace(EXPERIMENT, note="longer")
    found = await stopping_while(ExperimentRecord("e", noted, 5.0, 0, {"C": "worse"}))
    assert (found.experiment, found.stopped) == (noted, {"C": "worse", "B": "worse"})
    assert found.changed_by == GUARDRAIL


def test_records_of_earlier_versions_say_neither_who_nor_when():
    stream, applied = stream_on(Log())
    for stored in (["e", EXPERIMENT, 5.0, 10, {"B": "worse"}], ["e", EXPERIMENT], ["e"]):
        stream._apply(consumed(msgspec.msgpack.encode(stored), key=b"e"))
    assert applied[0] == ExperimentRecord("e", EXPERIMENT, 5.0, 10, {"B": "worse"}, "", None)
    assert [one.experiment for one in applied] == [EXPERIMENT, EXPERIMENT, None]
    assert stream.history.latest == []


def test_earlier_versions_read_what_they_know_of_a_record():
    class Earlier(msgspec.Struct, frozen=True, array_like=True):
        name: str
        experiment: Experiment | None = None
        created_at: float = 0.0

    record = msgspec.msgpack.encode(ExperimentRecord("e", EXPERIMENT, 5.0, 10, {}, "ops", 6.0))
    assert msgspec.msgpack.decode(record, type=Earlier) == Earlier("e", EXPERIMENT, 5.0)


def test_no_api_key_can_be_taken_for_a_guardrail():
    with pytest.raises(SettingsError):
        parse_keys(new_key(GUARDRAIL, ["admin"])[1])
