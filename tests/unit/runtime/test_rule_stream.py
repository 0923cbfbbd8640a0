"""Records of the topic `rules`: what cannot be read is passed over, and a newer encoding stops the worker."""

import pytest
from aiokafka import ConsumerRecord

from recomind.errors import NewerEncodingError
from recomind.model.filters import parse_filter
from recomind.model.rules import Rule, RuleRecord, encode_rule_record
from recomind.runtime.rule_stream import RuleStream, readable_rule
from recomind.settings import Settings
from recomind.stream.encoding import VERSION_HEADERS

RECORD = RuleRecord("rule", "R1", Rule(action="filter", where="tag:cat"))


def consumed(value, headers=VERSION_HEADERS):
    return ConsumerRecord("rules", 0, 5, 0, 0, b"rule:R1", value, None, 0, 0, tuple(headers))


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
