"""The changes that a topic holds: by time, also those of earlier versions, and from when on none is missing."""

from math import inf

from recomind.model.experiments import Arm, Experiment, ExperimentRecord, decode_experiment_record
from recomind.model.experiments import encode_experiment_record as encode
from recomind.model.rules import Rule, RuleRecord, decode_rule_record, encode_rule_record
from recomind.offline.recorded_changes import changes_of
from tests.unit.stream.compacted_log import consumed

EXPERIMENT = Experiment(arms=(Arm(name="A"), Arm(name="B")))


def test_changes_are_ordered_by_their_time_and_what_cannot_be_read_is_left_out():
    made = [ExperimentRecord("e", EXPERIMENT, 3.0, changed_at=at) for at in (3.0, 7.0)]
    old = ExperimentRecord("old", EXPERIMENT, 5.0)
    records = [consumed(encode(one), key=b"e@%d" % one.changed_at) for one in made]
    records += [consumed(encode(old), key=b"old"), consumed(encode(made[1]), key=b"e")]
    records += [consumed(None, key=b"e@1"), consumed(b"nonsense", key=b"x")]
    found = changes_of(records, decode_experiment_record)
    times = [3.0, 5.0, 7.0, 7.0]
    assert [(one.logged_at, one.record) for one in found.all] == list(
        zip(times, [made[0], old, made[1], made[1]], strict=True)
    )
    assert found.complete_since == -inf


def test_a_full_history_does_not_know_what_was_before(monkeypatch):
    monkeypatch.setattr("recomind.offline.recorded_changes.MAX_HISTORY", 2)
    rules = [RuleRecord("rule", "R1", Rule(action="filter", where="tag:a"), changed_at=at) for at in (4.0, 6.0)]
    records = [consumed(encode_rule_record(one), key=b"rule:R1@%d" % one.changed_at) for one in rules]
    earlier = RuleRecord("rule", "R0", Rule(action="filter", where="tag:b"))
    records.append(consumed(encode_rule_record(earlier), key=b"rule:R0"))
    found = changes_of(records, decode_rule_record)
    assert [one.logged_at for one in found.all] == [0.0, 4.0, 6.0]
    assert found.complete_since == 4.0
