"""Policies: filters reach the whole catalogue, rules explain themselves, and spread keeps alike videos apart."""

import numpy as np
import pytest

from recomind.model.catalogue import Video
from recomind.model.filters import parse_filter
from recomind.model.rules import Rule, RuleRecord, Scenario
from recomind.model.text import InvalidFieldError
from recomind.model.users import NO_METADATA, UserMetadata
from recomind.recommender.blend.model import Weights
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.pipeline import rank, slate_of
from recomind.recommender.policy.arrange import spread_out
from recomind.recommender.policy.rule_book import RuleBook
from recomind.recommender.policy.rule_effects import count_effects
from recomind.state.fingerprints import video_hash
from recomind.state.profile import Profile

NOW = 1.7e9
SIZE = 5_000


def catalogue(size=SIZE):
    """Videos of which one in a hundred is labelled `rare`, and one in fifty is by a creator."""
    index = VideoIndex()
    for number in range(size):
        rare, creator = ("rare",) if number % 100 == 0 else (), f"c{number % 50}"
        tags = ("cat",) if number % 2 else ("dog",)
        index.put_video(Video(video_id=f"v{number}", tags=tags, labels=rare, creator_id=creator, created_at=1.0))
    return index


def listed(index, policy, n=50, profile=None):
    ranked = rank(profile or Profile(), index, NOW, policy)
    return slate_of(ranked, index, Weights(), n)


def ids(slate):
    return [pick.video_id for pick in slate.picks]


def acted_on(effects):
    """Rule to the number of videos of a list on which it acted."""
    _, videos = count_effects([effects])
    return {effects.rules.ids[number]: int(videos[number]) for number in videos.nonzero()[0]}


def test_a_filter_that_keeps_one_percent_of_the_catalogue_gives_full_lists():
    index = catalogue()
    policy = RuleBook(index).policy("u", NO_METADATA, NOW, conditions=parse_filter("label:rare"))
    assert len(ids(listed(index, policy))) == 50
    assert all(int(video_id[1:]) % 100 == 0 for video_id in ids(listed(index, policy)))


def test_a_scenario_a_rule_and_blocked_creators_that_keep_one_percent_give_full_lists():
    index = catalogue()
    book = RuleBook(index)
    book.apply(RuleRecord("scenario", "rare", None, Scenario(filter="label:rare")))
    assert len(ids(listed(index, book.policy("u", NO_METADATA, NOW, "rare")))) == 50
    book.apply(RuleRecord("rule", "R1", Rule(action="filter", where="-label:rare")))
    slate = listed(index, book.policy("u", NO_METADATA, NOW))
    assert len(ids(slate)) == 50
    assert acted_on(slate.effects)["R1"] > 0
    blocked = UserMetadata(blocked_creators=tuple(f"c{number}" for number in range(1, 50)))
    assert len(ids(listed(index, RuleBook(index).policy("u", blocked, NOW)))) == 50


def test_the_ranker_of_a_scenario_orders_its_lists():
    index = catalogue(100)
    book = RuleBook(index)
    book.apply(RuleRecord("scenario", "new", None, Scenario(ranker="source:fresh")))
    slate = listed(index, book.policy("u", NO_METADATA, NOW, "new"))
    assert slate.picks
    assert all(pick.sources.keys() == {"fresh"} for pick in slate.picks)


def test_without_rules_metadata_and_restricted_videos_there_is_no_policy():
    book = RuleBook(catalogue(10))
    book.advance(NOW)
    assert book.policy("u", NO_METADATA, NOW) is None
    assert book.key(NO_METADATA, NOW) == ""
    assert book.policy("c1", NO_METADATA, NOW) is not None  # has uploaded videos


def test_what_is_not_known_of_a_user_permits_nothing():
    index = VideoIndex()
    index.put_video(Video(video_id="adult", age_rating=18))
    index.put_video(Video(video_id="local", countries=("DE",)))
    index.put_video(Video(video_id="free"))
    book = RuleBook(index)

    def shown(**metadata):
        return set(ids(listed(index, book.policy("u", UserMetadata(**metadata), NOW))))

    assert shown() == {"free"}
    assert shown(country="DE", birth_year=1990) == {"free", "local", "adult"}
    assert shown(country="FR", birth_year=2005) == {"free"}  # born in 2005: 17 in 2023, until the birthday
    assert shown(birth_year=2004) == {"free", "adult"}


def test_the_reason_names_the_rule_or_the_restriction():
    index, book = catalogue(10), None
    book = RuleBook(index)
    book.apply(RuleRecord("rule", "R7", Rule(action="filter", where="video:v0")))
    policy = book.policy("c3", UserMetadata(blocked_creators=("c1",), blocked_tags=("Dog",)), NOW)
    reasons = [policy.eligibility.reason(row) for row in range(6)]
    assert reasons[:4] == [
        "filtered by rule R7",
        "filtered: the user has blocked its creator",
        "filtered: the user has blocked a tag of it",
        "filtered: the user's own upload",
    ]
    assert reasons[5] is None


def test_a_boost_moves_what_a_source_proposes_and_a_pin_brings_any_video_in():
    index, book = catalogue(200), None
    book = RuleBook(index)
    first = ids(listed(index, None, 10))
    wanted = first[9]
    book.apply(RuleRecord("rule", "B", Rule(action="boost", where=f"video:{wanted}", factor=900.0)))
    book.apply(RuleRecord("rule", "P", Rule(action="pin", where="video:gone,v0", place=3)))
    slate = listed(index, book.policy("u", NO_METADATA, NOW), 10)
    assert ids(slate)[0] == wanted
    assert ids(slate)[2] == "v0"
    assert acted_on(slate.effects) == {"B": 1, "P": 1}


def test_a_choice_of_pins_is_remembered_for_those_who_may_be_shown_the_same():
    index = catalogue(200)
    book = RuleBook(index)
    book.apply(RuleRecord("rule", "P", Rule(action="pin", where="video:v7", place=1)))
    book.apply(RuleRecord("rule", "Q", Rule(action="pin", where="video:v9", place=1)))
    book.apply(RuleRecord("rule", "R", Rule(action="pin", where="video:v11", place=12)))
    policy = book.policy("u", NO_METADATA, NOW)
    has_seen_v7 = Profile(seen=np.array([video_hash("v7")], "<u4").tobytes())
    assert [ids(listed(index, policy, 20, one))[0] for one in (None, has_seen_v7, None)] == ["v7", "v9", "v7"]
    assert len(policy.rules.pin_choices) == 2
    assert ids(listed(index, policy, 20))[11] == "v11"
    index.put_video(Video(video_id="v7", hidden=True))
    assert ids(listed(index, policy, 20))[0] == "v9"


def test_caps_count_pinned_videos_as_they_are_now():
    index = catalogue(200)
    book = RuleBook(index)
    book.apply(RuleRecord("rule", "C", Rule(action="cap", where="tag:rare", at_most=1)))
    book.apply(RuleRecord("rule", "P", Rule(action="pin", where="video:v7", place=1)))
    book.apply(RuleRecord("rule", "Q", Rule(action="pin", where="video:v9", place=2)))
    assert ids(listed(index, book.policy("u", NO_METADATA, NOW)))[:2] == ["v7", "v9"]
    for number in (7, 9, 20):
        index.put_video(Video(video_id=f"v{number}", tags=("rare",), created_at=2.0))
    slate = listed(index, book.policy("u", NO_METADATA, NOW))
    assert ids(slate)[0] == "v7"
    assert not {"v9", "v20"} & set(ids(slate))
    assert acted_on(slate.effects) == {"C": 3, "P": 1}  # v9 as a pin and as a candidate, and v20


def test_keys_change_with_rules_time_and_metadata():
    book = RuleBook(catalogue(10))
    keys = [book.key(NO_METADATA, NOW)]
    book.apply(RuleRecord("rule", "R", Rule(action="boost", where="tag:cat")))
    keys.append(book.key(NO_METADATA, NOW))
    book.apply(RuleRecord("rule", "S", Rule(action="boost", where="tag:cat", scenarios=("kids",))))
    assert book.key(NO_METADATA, NOW) == keys[-1]
    keys.append(book.key(UserMetadata(country="DE"), NOW))
    keys.append(book.key(UserMetadata(birth_year=1990), NOW))
    keys.append(book.key(UserMetadata(birth_year=1990), NOW + 400 * 86_400))
    assert len(set(keys)) == len(keys)
    book.apply(RuleRecord("rule", "R"))
    assert book.key(NO_METADATA, NOW) == ""


def test_spread_keeps_videos_with_the_same_tags_apart():
    index = catalogue(20)
    rows = np.array([0, 2, 4, 6, 1, 3, 5, 7])  # four with the tag dog, then four with the tag cat
    order = spread_out(index, rows, np.linspace(1, 0.5, 8), 0.6, 8)
    assert sorted(order.tolist()) == sorted(rows.tolist())
    assert {row % 2 for row in order[:2].tolist()} == {0, 1}
    assert spread_out(index, rows, np.linspace(1, 0.5, 8), 0.0, 8).tolist() == rows.tolist()


def ban(text):
    return {"rule": Rule(action="filter", where=text)}


def shelf(text):
    return {"scenario": Scenario(filter=text)}


@pytest.mark.parametrize(("kind", "made"), [("rule", ban), ("scenario", shelf)])
def test_what_has_a_filter_of_a_newer_version_is_not_there_and_lists_are_ranked(kind, made):
    book = RuleBook(catalogue(10))
    book.advance(NOW)
    book.apply(RuleRecord(kind, "one", **made("tag:cat")))
    assert book.policy("u", NO_METADATA, NOW, "one") is not None
    with pytest.raises(InvalidFieldError):
        book.apply(RuleRecord(kind, "one", **made("colour:red")))
    assert book.policy("u", NO_METADATA, NOW, "one") is None
