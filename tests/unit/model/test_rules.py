"""Rules and scenarios are checked; when a rule acts follows from the time."""

from datetime import UTC, datetime

import msgspec
import pytest

from recomind.model.ranking_names import RankingNames
from recomind.model.rules import Rule, RuleRecord, Scenario, check_rule, check_scenario, decode_rule_record
from recomind.model.rules import encode_rule_record as encode
from recomind.model.text import InvalidFieldError

AT = datetime(2026, 6, 1, tzinfo=UTC)


def rule(**fields):
    return msgspec.convert({"action": "filter", "where": "tag:cat", **fields}, Rule)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rule_id": "R8"}, "rule_id"),
        ({"where": ""}, "where"),
        ({"where": "x:y"}, "where"),
        ({"action": "pin"}, "where"),
        ({"action": "pin", "where": "-video:v"}, "where"),
        ({"factor": 3.0}, "factor"),
        ({"action": "boost", "place": 2}, "place"),
        ({"action": "bury", "at_most": 2}, "at_most"),
        ({"starts_at": "2026-06-01T00:00:00"}, "starts_at"),
        ({"starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-06-01T00:00:00Z"}, "ends_at"),
    ],
)
def test_a_fault_names_its_field(fields, field):
    with pytest.raises(InvalidFieldError) as refused:
        check_rule("R7", rule(**fields))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "fields", [{"action": "hide"}, {"factor": 1.0}, {"place": 0}, {"at_most": 0}, {"scenarios": ["a b"]}, {"x": 1}]
)
def test_a_value_out_of_bounds_is_refused(fields):
    with pytest.raises(msgspec.ValidationError):
        rule(**fields)


def test_a_scenario_names_known_sources_and_has_a_filter():
    known = RankingNames({"trending"}, ("mine",), {"popularity", "mine"}.__contains__, {"popularity"}.__contains__)
    scenario = Scenario(sources=("trending",), filter="age:..6", ranker="mine")
    assert check_scenario("kids", scenario, known)
    faulty = [
        (Scenario(sources=("x",)), "sources"),
        (Scenario(filter="x"), "filter"),
        (Scenario(ranker="x"), "ranker"),
        (Scenario(sources=("trending",), ranker="popularity"), "sources"),
    ]
    for scenario, field in faulty:
        with pytest.raises(InvalidFieldError) as refused:
            check_scenario("kids", scenario, known)
        assert refused.value.field == field
    with pytest.raises(InvalidFieldError):
        check_scenario("kids", Scenario(name="other"), known)


def test_a_rule_acts_from_its_start_until_its_end_unless_it_is_a_draft():
    one, at = rule(starts_at=AT, ends_at=AT.replace(hour=1)), AT.timestamp()
    assert [one.is_active(at + seconds) for seconds in (-1, 0, 3599, 3600)] == [False, True, True, False]
    assert not rule(draft=True).is_active(at)


def test_a_record_is_read_as_it_was_written():
    for record in (
        RuleRecord("rule", "R7", rule(starts_at=AT)),
        RuleRecord("rule", "R7"),
        RuleRecord("scenario", "kids", None, Scenario(sources=("trending",), spread=0.3)),
        RuleRecord("rule", "R7", rule(), None, "ops", AT.timestamp()),
    ):
        assert decode_rule_record(encode(record)) == record


def test_a_record_that_does_not_say_who_and_when_is_read():
    earlier = msgspec.msgpack.encode(["rule", "R7", {"action": "filter", "where": "tag:cat"}, None])
    assert decode_rule_record(earlier) == RuleRecord("rule", "R7", rule(), None, "", None)
