"""Lists are ranked under the arms of their users, and stored with a key that names these."""

import pytest

from recomind.model.catalogue import Video
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.rules import Rule, RuleRecord
from recomind.recommender.diversify import Caps
from recomind.recommender.policy.policy import ListRequest
from recomind.state.profile import Profile
from recomind.state.profile_entries import Like
from tests.unit.recommender.extensions.engines import BrokenRanker


@pytest.fixture
def cache(cache):
    for number in range(30):
        cache.index.put_video(Video(video_id=f"v{number}", title="T", tags=("x",), created_at=1e9 + number))
    cache.experiments.advance(100.0)
    cache.rules.advance(100.0)
    return cache


def start(cache, name="e", forced="B", created_at=1.0, **fields):
    arms = fields.pop("arms", (Arm(name="A"), Arm(name="B", **fields.pop("arm", {}))))
    force = {"me": forced} if forced else {}
    experiment = Experiment(arms=arms, forced=force, traffic=fields.pop("traffic", 0.0001), **fields)
    cache.experiments.apply(ExperimentRecord(name, experiment, created_at))


def test_users_without_an_arm_have_no_policy(cache):
    start(cache)
    assert cache.policy(ListRequest("another")) is None
    assert cache.policy_key("another") == ""


def test_an_arm_changes_what_it_names(cache):
    arm = {"ranker": "popularity", "sources": ("fresh",), "tag_cap": 2, "spread": 0.4, "exploration": 0.1}
    start(cache, arm=arm)
    policy = cache.policy(ListRequest("me"))
    assert (policy.ranker, policy.sources, policy.caps) == ("popularity", {"fresh"}, Caps(3, 2))
    assert (policy.spread, policy.exploration) == (0.4, 0.1)
    assert policy.arms == {"e": "B"}
    assert policy.key == cache.policy_key("me") != ""
    assert cache.policy(ListRequest("me", "kids")) is None


def test_place_and_hour_do_not_count_in_an_arm_without_context(cache, monkeypatch):
    monkeypatch.setattr(cache.index.local.effects, "knows", lambda _: True)
    start(cache, arm={"context": False})
    mine, anothers = ListRequest("me", local="DE"), ListRequest("another", local="DE")
    assert (cache.local_of(mine, Profile()), cache.local_of(anothers, Profile())) == ("", "DE")
    assert cache.is_current(cache.policy_key("me"), mine)
    assert not cache.is_current(cache.policy_key("another"), anothers)


def test_place_and_hour_do_not_count_if_the_settings_say_so(cache, monkeypatch):
    monkeypatch.setattr(cache.index.local.effects, "knows", lambda _: True)
    asked, stored_before = ListRequest("me", likely_country="DE"), "@DE3"
    assert (cache.local_of(asked, Profile(local="DE3")), cache.is_current(stored_before, asked)) == ("DE3", True)
    cache.has_context = False
    assert (cache.local_of(asked, Profile(local="DE3")), cache.is_current(stored_before, asked)) == ("", False)
    assert cache.is_current("", asked)


def test_a_list_says_its_arms_and_key(cache):
    start(cache)
    stored = cache.list_for(Profile(likes=(Like("v1", 5.0),)), 5, cache.policy(ListRequest("me")))
    assert stored.meta.arms == {"e": "B"}
    assert stored.meta.policy_key == cache.policy_key("me")
    before = cache.policy_key("me")
    start(cache, arm={"spread": 0.1})
    assert cache.policy_key("me") != before


def test_a_control_arm_gets_the_list_that_is_got_without_an_experiment(cache):
    profile = Profile(likes=(Like("v1", 5.0),))
    before = cache.list_for(profile, 10, cache.policy(ListRequest("me")))
    start(cache, forced="A")
    assert cache.list_for(profile, 10, cache.policy(ListRequest("me"))).videos == before.videos


def test_a_list_says_that_the_ranker_of_its_arm_was_left_out(cache):
    start(cache, arm={"ranker": "random"})
    profile = Profile(likes=(Like("v1", 5.0),))
    assert not cache.list_for(profile, 5, cache.policy(ListRequest("me"))).meta.is_ranker_left_out
    start(cache, arm={"ranker": "missing"})
    meta = cache.list_for(profile, 5, cache.policy(ListRequest("me"))).meta
    assert meta.is_ranker_left_out
    assert meta.arms == {"e": "B"}  # it counts for its arm all the same


def test_a_rule_does_not_act_in_an_arm_without_it(cache):
    for rule_id in ("R1", "R2"):
        where = f"video:{'v1' if rule_id == 'R1' else 'v2'}"
        cache.rules.apply(RuleRecord("rule", rule_id, Rule(action="filter", where=where)))
    start(cache, arm={"without_rules": ("R1",)})

    def videos(user):
        return set(cache.list_for(Profile(), 30, cache.policy(ListRequest(user))).meta.video_ids)

    assert not {"v1", "v2"} & videos("another")
    assert {"v1", "v2"} & videos("me") == {"v1"}


def test_two_experiments_of_a_user_act_together(cache):
    start(cache, arm={"spread": 0.4})
    start(cache, "f", created_at=2.0, arm={"exploration": 0.1})
    policy = cache.policy(ListRequest("me"))
    assert (policy.spread, policy.exploration) == (0.4, 0.1)
    assert policy.arms == {"e": "B", "f": "B"}


def test_users_of_the_control_group_are_in_no_experiment(cache):
    start(cache)
    cache.control_share = 1.0
    assert cache.arms(ListRequest("me")) == ()
    assert cache.policy_key("me") == ""


def test_an_interleaved_list_has_places_of_both_rankers_with_their_features(cache):
    arms = (Arm(name="fresh", ranker="source:fresh"), Arm(name="random", ranker="random"))
    start(cache, forced=None, arms=arms, mode="interleaving", traffic=1.0)
    policy = cache.policy(ListRequest("me"))
    stored = cache.list_for(Profile(likes=(Like("v1", 5.0),)), 10, policy)
    meta = stored.meta
    assert meta.arms == {"e": "both"}
    assert len(set(meta.video_ids)) == len(meta.video_ids) == len(meta.teams) == 10
    assert {1, 2} <= set(meta.teams)
    assert len(meta.shown) % 10 == len(meta.place_sources) % 10 == 0
    assert cache.list_for(Profile(likes=(Like("v1", 5.0),)), 10, policy).meta.video_ids == meta.video_ids


@pytest.mark.parametrize("rankers", [("broken", "random"), ("random", "broken"), ("broken", "broken")])
def test_an_interleaved_list_says_that_one_of_its_rankers_was_left_out(cache, rankers):
    cache.extensions.add("ranker", "broken", BrokenRanker())
    arms = tuple(Arm(name=name, ranker=ranker) for name, ranker in zip("AB", rankers, strict=True))
    start(cache, forced=None, arms=arms, mode="interleaving", traffic=1.0)
    assert cache.list_for(Profile(), 10, cache.policy(ListRequest("me"))).meta.is_ranker_left_out


def test_a_random_list_suits_a_request_from_any_place(cache, monkeypatch):
    monkeypatch.setattr(cache.index.local.effects, "knows", lambda _: True)
    asked = ListRequest("me", local="DE3")
    assert not cache.is_current("", asked)
    cache.control_share = 1.0
    assert cache.is_current("", asked)


def test_a_list_suits_a_request_from_a_place_of_which_nothing_is_known(cache):
    assert cache.is_current("", ListRequest("me", local="DE3"))
