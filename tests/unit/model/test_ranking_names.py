"""One rule for the names in scenarios and in arms, and what was stored under it stays readable."""

import msgspec
import pytest

from recomind.model.experiments import Arm, check_arm
from recomind.model.rules import RuleRecord, Scenario, check_scenario, decode_rule_record, encode_rule_record
from recomind.model.text import InvalidFieldError
from recomind.model.users import NO_METADATA
from recomind.recommender.extensions.registry import Extensions
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.policy.rule_book import RuleBook

KNOWN = Extensions().names


def fault_of(check, fields_of_faults):
    """The field and the text of a fault; None if there is none."""
    try:
        check()
    except InvalidFieldError as error:
        return str(error) if error.field in fields_of_faults else f"of {error.field}"
    return None


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, None),
        ({"ranker": "hybrid", "sources": ("tags", "trending")}, None),
        ({"ranker": "popularity"}, None),
        ({"ranker": "source:trending"}, None),
        ({"ranker": "trending"}, None),
        ({"ranker": "tags"}, None),
        ({"ranker": "no such"}, "there is no ranker no such, but hybrid"),
        ({"ranker": "source:no such"}, "there is no ranker source:no such, but "),
        ({"sources": ("source:tags",)}, "there is no source source:tags, but "),
        ({"sources": ("tags", "gossip")}, "there is no source gossip, but "),
        ({"ranker": "trending", "sources": ("tags",)}, "the ranker trending has sources of its own"),
        ({"ranker": "source:trending", "sources": ("tags",)}, "the ranker source:trending has sources of its own"),
    ],
)
def test_scenarios_and_arms_have_the_same_names(fields, fault):
    of_scenario = fault_of(lambda: check_scenario("s", Scenario(**fields), KNOWN), {"sources", "ranker"})
    of_arm = fault_of(lambda: check_arm(Arm(name="B", **fields), KNOWN), {"arms"})
    assert of_scenario == of_arm
    assert (of_arm is None) == (fault is None)
    assert fault is None or of_arm.startswith(fault)


def test_a_stored_scenario_that_names_a_source_alone_is_read_ranks_as_before_and_can_be_put_again():
    stored = encode_rule_record(RuleRecord("scenario", "s", None, Scenario(ranker="trending")))
    book, extensions = RuleBook(VideoIndex()), Extensions()
    record = decode_rule_record(stored)
    book.apply(record)
    policy = book.policy("u", NO_METADATA, 1.7e9, "s")
    assert extensions.ranker(policy.ranker).sources == {"trending"}
    shown = msgspec.json.decode(msgspec.json.encode(record.scenario), type=Scenario)
    check_scenario("s", shown, extensions.names)
