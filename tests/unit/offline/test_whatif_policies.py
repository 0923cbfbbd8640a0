"""What `recomind whatif` ranks with: rules of the time, the local context of each list, and an arm's own weights."""

import msgspec
import pytest

from recomind.experiments.book import Assigned, ExperimentBook, assigned_to
from recomind.model.catalogue import Video
from recomind.model.events import Action
from recomind.model.experiments import Arm, Experiment, ExperimentRecord
from recomind.model.ids import UserId, VideoId
from recomind.model.rules import DEFAULT_SCENARIO, Rule, RuleRecord, Scenario
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import SourceOffset
from recomind.model.users import UserChange, UserMetadata
from recomind.offline.whatif import Acted, Listed, Replay
from recomind.offline.whatif_policies import Changed
from recomind.recommender.control import random_slate
from recomind.state.served_lists import WINDOW_S
from recomind.stores.user_follower import UserFollower

START = 1.7e9
VIDEOS = [Video(video_id=f"v{number}", title="", tags=("cat" if number % 2 else "dog",)) for number in range(8)]
CATS = {video.video_id for video in VIDEOS if video.tags == ("cat",)}
NO_CATS = RuleRecord("rule", "R1", Rule(action="filter", where="tag:cat"), changed_at=START)


class Log:
    """A log that is replayed while it is written."""

    def __init__(self, arm, *, target=None, users=(), **options):
        follower = UserFollower(None)
        for number, (user, metadata) in enumerate(users):
            follower.apply(UserChange(user, number, metadata))
        self.replay = Replay(target or Assigned("", arm.name, (arm,), ""), VIDEOS, follower, START, **options)
        self.engine, self.offset = self.replay._engine, 0

    def show(self, user, at, **fields):
        """Show a random list of all videos; returns the videos that the other configuration would have shown."""
        self.engine.refresh()
        slate = random_slate(self.engine.index, user, self.engine.profile(user), at, 0, len(VIDEOS))
        ids = tuple(VideoId(pick.video_id) for pick in slate.picks)
        event = ServedListEvent(f"l{at}", UserId(user), at, 0, ids, slate.shown, is_control=True)
        first = len(self.replay._places[True])
        self.replay.serve(Listed(at, msgspec.structs.replace(event, **fields)))
        places = self.replay._places[True][first:]
        if fields.get("scenario", DEFAULT_SCENARIO) != self.replay._scenario:
            assert places == []
            return set()
        return {video_id for video_id, place in zip(ids, places, strict=True) if place.target > 0}

    def act(self, user, video_id, at, kind="like", context=None):
        self.offset += 1
        offset = SourceOffset(0, self.offset)
        self.replay.act(Acted(at, Action(UserId(user), video_id, kind, at, context=context), offset))

    def change(self, record):
        self.replay.change(Changed(record.changed_at or record.created_at, record))

    def ranking(self, user, at, **fields):
        self.engine.refresh()
        return self.replay._policies.ranking(ServedListEvent("l", user, at, 0, (), **fields), at)


def every_id(videos=VIDEOS):
    return {video.video_id for video in videos}


def test_rules_act_from_their_change_on_unless_the_arm_is_without_them():
    for without, expected in (((), every_id() - CATS), (("R1",), every_id()), (("R2",), every_id() - CATS)):
        log = Log(Arm(name="B", without_rules=without))
        assert log.show("u", START - 60 + 61) == every_id()  # the rule is put later
        log.change(NO_CATS)
        assert log.show("u", START + 2) == expected
        log.change(RuleRecord("rule", "R1", changed_at=START + 3))
        assert log.show("u", START + 4) == every_id()


def test_a_scenario_and_the_metadata_of_a_user_count():
    users = [("m", UserMetadata(blocked_tags=("dog",)))]
    log = Log(Arm(name="B"), users=users, scenario="dogs")
    log.change(RuleRecord("scenario", "dogs", None, Scenario(filter="tag:dog"), changed_at=START))
    assert log.show("u", START + 1, scenario="dogs") == every_id() - CATS
    assert Log(Arm(name="B"), users=users).show("m", START + 2) == CATS
    assert log.ranking("m", START + 3, scenario="dogs").policy.scenario == "dogs"


def test_a_rule_that_this_version_does_not_know_is_passed_over():
    log = Log(Arm(name="B"))
    log.change(RuleRecord("rule", "R1", Rule(action="filter", where="colour:red"), changed_at=START))
    assert log.show("u", START + 1) == every_id()


@pytest.mark.parametrize("context", [True, False])
def test_place_and_hour_count_as_the_request_the_user_and_the_metadata_say_them(context):
    log = Log(Arm(name="B", context=context), users=[("here", UserMetadata(country="AT"))])
    for number, country in enumerate(("DE", "AT", "CH")):
        said = msgspec.json.encode({"country": country, "local_hour": 20}).decode()
        log.show(f"f{number}", START + 1)
        log.act(f"f{number}", "v1", START + 2 + number, context=said)
    at = START + 10

    def local(user, **fields):
        return log.ranking(user, at, **fields).local

    said = [local("u", local="DE3"), local("f0"), local("here"), local("u", likely_country="CH"), local("u")]
    assert said == (["DE3", "DE3", "AT", "CH", ""] if context else [""] * 5)
    assert local("f0", local="AT", likely_country="CH") == ("AT3" if context else "")
    assert local("u", local="FR") == ""  # nothing is known of it


def test_with_the_setting_none_no_context_counts():
    log = Log(Arm(name="B"), has_context=False)
    log.act("u", "v1", START + 1, context='{"country":"DE"}')
    assert log.ranking("u", START + 2, local="DE").local == ""


ARMS = (Arm(name="A"), Arm(name="B", own_weights=True))
RECORD = ExperimentRecord("e", Experiment(arms=ARMS), START, changed_at=START)


def users_of(arm, number):
    """Users who are in an arm."""
    book = ExperimentBook()
    book.apply(RECORD)
    book.advance(START)
    users = (f"u{one}" for one in range(1_000))
    return [user for user in users if book.arms_of(user)[0].arm == arm][:number]


def own_weights_log():
    target = assigned_to(RECORD, RECORD.experiment.arm("B"))
    log = Log(None, target=target)
    log.change(RECORD)
    return log


def test_an_arm_learns_its_own_weights_from_its_users_alone():
    log, at = own_weights_log(), START
    shared = log.engine.weights
    for user in users_of("B", 3):
        at += 2
        log.show(user, at, is_control=False, arms={"e": "B"})
        log.act(user, "v1", at + 1)
    own = log.ranking("u", at).weights
    assert own.outcomes.likes == 3
    assert log.engine.weights == shared
    for user in users_of("A", 2):
        log.act(user, "v1", at + 2)
    assert (log.ranking("u", at).weights, log.engine.weights.version) == (own, 2)
    assert "weights of its own" not in log.replay.result().from_random.refusal


def test_an_arm_of_another_scenario_learns_from_the_lists_of_that_scenario():
    record = msgspec.structs.replace(RECORD, experiment=Experiment(arms=ARMS, scenario="kids"))
    log = Log(None, target=assigned_to(record, record.experiment.arm("B")), scenario="kids")
    log.change(RuleRecord("scenario", "kids", None, Scenario(), changed_at=START))
    log.change(record)
    book = ExperimentBook()
    book.apply(record)
    book.advance(START)
    user = next(user for user in map("u{}".format, range(1_000)) if book.arms_of(user, "kids")[0].arm == "B")
    log.show(user, START + 1, is_control=False)  # of the default scenario
    log.act(user, "v1", START + 2)
    assert log.replay._policies.lacks_own_weights
    log.show(user, START + 3, is_control=False, scenario="kids", arms={"e": "B"})
    log.act(user, "v3", START + 4)
    assert log.engine.weights.outcomes.likes == 1
    assert log.ranking("u", START + 5, scenario="kids").weights.outcomes.likes == 2
    assert not log.replay._policies.lacks_own_weights


def test_users_of_the_control_group_and_of_stopped_arms_teach_the_weights_of_all():
    first, second = users_of("B", 2)
    log = own_weights_log()
    log.show(first, START + 1, is_control=True)
    log.act(first, "v1", START + 2 * WINDOW_S)
    assert log.engine.weights.version == 1
    log.change(msgspec.structs.replace(RECORD, stopped={"B": "worse"}, changed_at=START + 2 * WINDOW_S + 1))
    log.act(second, "v1", START + 2 * WINDOW_S + 2)
    assert log.engine.weights.version == 2
    found = log.replay.result()
    for one in (found.from_random, found.from_ranked):
        assert one.refusal == "no user of the arm has acted, so it has not learned any weights of its own"


def test_arms_without_own_weights_rank_with_those_that_users_of_other_arms_have_not_taught():
    log = Log(Arm(name="C"))
    log.change(RECORD)
    [user] = users_of("B", 1)
    log.act(user, "v1", START + 1)
    assert log.ranking("u", START + 2).weights.version == 0
