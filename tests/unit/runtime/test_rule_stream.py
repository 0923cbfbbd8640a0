"""Records of the topic `rules`: what cannot be read is passed over, and a newer encoding stops the worker."""

import pytest

from recomind.errors import NewerEncodingError
from recomind.model.filters import parse_filter
from recomind.model.rules import Rule, RuleRecord, Scenario, encode_rule_record
from recomind.runtime.rule_stream import RuleStream, readable_rule
from recomind.settings import Settings
from tests.unit.stream.compacted_log import Log, consumed

RECORD = RuleRecord("rule", "R1", Rule(action="filter", where="tag:cat"))


def stream_on(log):
    applied = []
    stream = RuleStream(Settings(), applied.append)
    log.streams.append(stream)
    return stream, applied


def rule(number=0):
    return Rule(action="filter", where=f"tag:t{number}")


def test_a_record_is_read_and_what_is_none_is_passed_over():
    assert readable_rule(consumed(encode_rule_record(RECORD))) == RECORD
    assert readable_rule(consumed(b"nonsense")) is None
    assert readable_rule(consumed(None)) is None


def test_a_record_of_a_newer_encoding_stops_the_worker():
    with pytest.raises(NewerEncodingError):
        readable_rule(consumed(encode_rule_record(RECORD), [("v", b"999")]))


def test_a_filter_that_this_version_does_not_know_is_passed_over():
    book = RuleStream(Settings(), lambda _: parse_filter("colour:red"))
    book._apply(consumed(encode_rule_record(RECORD)))


async def test_a_change_says_who_when_and_what_and_stays_in_the_history():
    log = Log()
    (stream, applied), (other, _) = stream_on(log), stream_on(log)
    await stream.send(log, RuleRecord("rule", "R1", rule(1)), "ops")
    await stream.send(log, RuleRecord("scenario", "R1", None, Scenario(n=5)), "")
    await stream.send(log, RuleRecord("rule", "R1"), "ada")
    assert [(one.kind, one.changed_by, one.changed_at) for one in applied] == [
        ("rule", "ops", 101.0),
        ("scenario", "", 102.0),
        ("rule", "ada", 103.0),
    ]
    assert stream.history.latest == other.history.latest == applied
    assert stream.latest == {("scenario", "R1"): applied[1]}


async def test_a_record_of_the_history_changes_nothing_for_workers_that_do_not_know_of_it():
    """They apply it as what it says, and the record after it says the same."""
    log = Log()
    stream, _ = stream_on(log)
    await stream.send(log, RuleRecord("rule", "R1", rule(1)), "ops")
    history, latest = (readable_rule(consumed(record.value)) for record in log.records)
    assert history == latest
    assert [record.key.partition(b"@")[0] for record in log.records] == [b"rule:R1", b"rule:R1"]
