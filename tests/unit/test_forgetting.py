"""Forgetting: what is left is what a log without the person leaves, apart from origins, whatever comes again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.catalogue import Video
from recomind.model.events import Action, Forget, Rejected, read_action
from recomind.model.signals import Forgotten, Origin, Touched, repaired_lane
from recomind.recommender.index.top_lists import OF_TAG
from recomind.recommender.index.video_index import VideoIndex
from recomind.state import neighbours, popularity, profile
from recomind.state.forgetting import Forgetting, Refold, note
from recomind.state.neighbours import Neighbours
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile

PEOPLE = "uvw"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from("abcd"),
        st.sampled_from(["like", "view", "skip"]),
        st.integers(0, 9999),
    ),
    max_size=50,
)


def signals_of(steps):
    """The signals of a log of one partition."""
    people, sent = {}, []
    for offset, (user, video, kind, at) in enumerate(steps):
        action = Action(user, video, kind, float(at))
        people[user], news = profile.fold(people.get(user, Profile()), Origin(0, offset), action)
        sent += news
    return sent


def folded(signals):
    """(popularity, neighbours) by video, folded one signal after the other."""
    counted, met = {}, {}
    for signal in signals:
        company = neighbours.fold(met.get(signal.video_id, Neighbours()), [signal])
        if company != Neighbours():
            met[signal.video_id] = company
        if isinstance(signal, Touched):
            counted[signal.video_id] = popularity.fold(counted.get(signal.video_id, Popularity()), [signal])
    return counted, met


def bare(values, empty):
    """Without origins, and without values that hold nothing else."""
    found = {key: msgspec.structs.replace(one, origins={}) for key, one in values.items()}
    return {key: one for key, one in found.items() if one != empty}


@given(STEPS, st.integers(0, 50), st.lists(st.integers(1, 20), min_size=1))
def test_a_refold_is_the_state_of_a_log_that_never_had_the_person(steps, until, pieces):
    sent, void = signals_of(steps), {"u": {0: until - 1}}
    made, rest = Refold("abcd", void), list(sent)
    while rest:
        size = pieces[len(rest) % len(pieces)]
        made.take(rest[:size])
        rest = rest[size:]
    kept = [signal for signal in sent if signal.user_id != "u" or signal.offset >= until]
    counted, met = folded(kept)
    assert bare(made.popularity, Popularity()) == bare(counted, Popularity())
    assert bare(made.neighbours, Neighbours()) == bare(met, Neighbours())
    everything = folded(sent)
    assert {key: one.origins for key, one in made.popularity.items()} == {
        key: one.origins for key, one in everything[0].items()
    }
    assert {key: one.origins for key, one in made.neighbours.items()} == {
        key: one.origins for key, one in everything[1].items()
    }


@given(STEPS, st.integers(0, 50), st.integers(0, 50))
def test_what_comes_again_after_a_refold_changes_nothing(steps, until, back):
    sent = signals_of(steps)
    made = Refold("abcd", {"u": {0: until}})
    made.take(sent)
    for signal in sent[-back:]:
        company = made.neighbours.get(signal.video_id, Neighbours())
        assert neighbours.fold(company, [signal]) == company
        if isinstance(signal, Touched):
            counted = made.popularity[signal.video_id]
            assert popularity.fold(counted, [signal]) == counted


def test_others_signals_are_not_touched_by_whom_one_forgets():
    steps = [("u", "a", "like", 1), ("v", "a", "like", 2), ("v", "b", "view", 3)]
    made = Refold("ab", {"w": {0: 99}})
    made.take(signals_of(steps))
    assert (made.popularity, made.neighbours) == folded(signals_of(steps))


def test_a_forgotten_profile_is_empty_but_for_what_tells_old_from_new():
    person, _ = profile.fold(Profile(), Origin(0, 3), Action("u", "a", "like", 1.0))
    person, _ = profile.fold(person, Origin(repaired_lane(1, 0), 9), Action("u", "b", "view", 2.0))
    gone = profile.forget(person, Origin(0, 7), 7)
    assert gone == Profile(origins={0: 7, repaired_lane(1, 0): 9}, forgotten_at=7)
    assert gone.is_blank
    assert profile.forget(gone, Origin(0, 7), 7) is gone
    back, signals = profile.fold(gone, Origin(0, 8), Action("u", "a", "like", 3.0))
    assert (back.like_count, back.is_blank, signals[0].again) == (1, False, False)


def test_of_two_that_ask_to_forget_a_person_the_later_counts_whichever_comes_last():
    first, second = Forgotten("u", {0: 5}, 5), Forgotten("u", {0: 9, 70000: 2}, 9)
    noted = note(note(Forgetting(), first), second)
    assert noted == Forgetting({0: 9, 70000: 2}, 9)
    assert note(noted, first) is noted
    assert note(noted, second) is noted


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"user_id":"u","action_type":"forget"}', Forget),
        (b'{"user_id":"u","video_id":"v","action_type":"forget"}', Forget),
        (b'{"user_id":"u"}', Rejected),
        (b'{"action_type":"forget"}', Rejected),
        (b'{"user_id":"","action_type":"forget"}', Rejected),
        (b'{"user_id":"a\\u0000","action_type":"forget"}', Rejected),
        (b'{"user_id":"u","action_type":"Forget"}', Rejected),
        (b'{"user_id":"u","video_id":"v","action_type":"like"}', Action),
    ],
)
def test_only_a_person_and_the_word_forget_make_a_control_record(raw, kind):
    assert type(read_action(raw, 1.7e9)) is kind


def test_short_lists_are_right_though_a_score_has_fallen():
    index = VideoIndex()
    for number in range(OF_TAG + 2):
        index.put_video(Video(video_id=f"v{number}", title="T", tags=("tag",)))
        likes = [Touched(f"v{number}", 0, at, 1.0, f"p{at}", "like") for at in range(2 + number)]
        index.put_popularity(f"v{number}", popularity.fold(Popularity(), likes))
    tag = index.tag_rows["tag"]
    assert index.rows["v1"] not in index.heads.of_tag(tag)
    assert index.rows["v31"] in index.heads.of_tag(tag)
    index.put_popularity("v31", popularity.fold(Popularity(), [Touched("v31", 0, 0, 1.0, "p", "like")]))
    assert index.rows["v31"] not in index.heads.of_tag(tag)
    assert index.rows["v1"] in index.heads.of_tag(tag)
