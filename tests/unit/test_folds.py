"""Folds: the same state for any redelivery, batch boundary and interleaving."""

from uuid import UUID, uuid4

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.events import Action
from recomind.model.signals import TRAIL, Followed, Origin, Touched, repaired_lane
from recomind.recommender.index.video_index import VideoIndex
from recomind.state import neighbours, popularity, profile
from recomind.state.neighbours import EPOCH, HALF_LIFE, SIZE, SLACK, UNIT, Neighbours
from recomind.state.popularity import HALF_LIVES, RATES, Counts, Popularity, decayed, window
from recomind.state.profile import EVENT_IDS, LIKES, REACTIONS, SEEN, Profile, video_hash

ACTION_TYPES = st.sampled_from(["like", "view", "skip"])
TIMES = st.integers(0, 10**6).map(float)
ACTIONS = st.lists(st.builds(Action, st.just("u"), st.sampled_from("abcdefgh"), ACTION_TYPES, TIMES), max_size=60)


def folded(actions, start=None, offset=0):
    person, signals = start or Profile(), []
    for number, action in enumerate(actions, offset):
        person, news = profile.fold(person, Origin(0, number), action)
        signals += news
    return person, signals


@given(ACTIONS, st.data())
def test_a_redelivered_tail_changes_no_profile_and_sends_nothing(actions, data):
    person, _ = folded(actions)
    start = data.draw(st.integers(0, len(actions)))
    again, signals = folded(actions[start:], person, start)
    assert again == person
    assert signals == []


@given(ACTIONS)
def test_a_profile_survives_its_encoding(actions):
    person, _ = folded(actions)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(person), type=Profile) == person


@given(ACTIONS, ACTIONS, st.data())
def test_two_lanes_give_one_profile_however_they_interleave(left, right, data):
    lanes = [[(Origin(lane, n), action) for n, action in enumerate(some)] for lane, some in enumerate((left, right))]
    first, second = Profile(), Profile()
    for origin, action in lanes[0] + lanes[1]:
        first, _ = profile.fold(first, origin, action)
    for origin, action in interleaved(lanes, data):
        second, _ = profile.fold(second, origin, action)
    assert canonical(first) == canonical(second)


def interleaved(lanes, data):
    queues = [list(lane) for lane in lanes]
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        yield queue.pop(0)


def canonical(person):
    seen = {person.seen[at : at + 4] for at in range(0, len(person.seen), 4)}
    return person.origins, set(person.likes), set(person.reactions), seen, person.like_count, person.skip_count


def test_an_event_id_that_comes_twice_counts_once():
    action = Action("u", "v", "like", 1.0, UUID(int=7))
    person, _ = profile.fold(Profile(), Origin(0, 0), action)
    again, signals = profile.fold(person, Origin(0, 1), action)
    assert again == msgspec.structs.replace(person, origins={0: 1})
    assert signals == []


def test_an_event_that_came_twice_counts_once_when_it_is_delivered_again_after_its_id_was_forgotten():
    action = Action("u", "v", "view", 1.0, UUID(int=7))
    person, _ = folded([action])
    person, _ = profile.fold(person, Origin(1, 5), action)
    person, _ = folded([Action("u", "w", "view", 2.0, uuid4()) for _ in range(2 * EVENT_IDS)], person, 1)
    again, signals = profile.fold(person, Origin(1, 5), action)
    assert again is person
    assert signals == []


def test_a_profile_is_bounded():
    actions = [
        Action("u", f"{kind}-{number}", kind, float(number), uuid4())
        for number in range(2000)
        for kind in ("like", "skip")
    ]
    person, _ = folded(actions)
    assert len(person.likes) == LIKES
    assert len(person.reactions) == REACTIONS
    assert (len(person.seen), len(person.event_ids)) == (4 * SEEN, 8 * EVENT_IDS)
    assert len(msgspec.msgpack.encode(person)) <= 4096


def test_a_seen_video_is_found_by_its_aligned_hash_only():
    name = video_hash("a").to_bytes(4, "little")
    assert profile._holds(b"xxxx" + name, name)
    assert not profile._holds(b"xx" + name + b"xx", name)


def test_a_like_sends_its_trail_and_tells_each_earlier_video():
    actions = [Action("u", video, "like", float(at)) for at, video in enumerate("abc")]
    _, signals = folded(actions)
    touched, *followed = signals[-3:]
    assert touched == Touched("c", 0, 2, 2.0, "u", "like", False, ("b", "a"))
    assert followed == [Followed("b", 0, 2, 2.0, "c", 1, "u"), Followed("a", 0, 2, 2.0, "c", 2, "u")]


def test_a_repeated_like_teaches_nothing_new():
    actions = [Action("u", video, "like", float(at)) for at, video in enumerate("aba")]
    _, signals = folded(actions)
    assert signals[-1] == Touched("a", 0, 2, 2.0, "u", "like", True, ())


def test_a_lane_of_repaired_records_is_nobody_elses():
    assert (
        len({repaired_lane(source, target) for source in range(64) for target in range(64)} | set(range(64))) == 64 * 65
    )


TOUCHES = st.lists(st.tuples(st.integers(0, 3), ACTION_TYPES, TIMES), max_size=60)


def touches_of(drawn):
    offsets = dict.fromkeys(range(4), 0)
    for lane, kind, at in drawn:
        offsets[lane] += 1
        yield Touched("v", lane, offsets[lane], at, f"u{offsets[lane]}", kind, False, ())


@given(TOUCHES, st.data())
def test_popularity_is_the_same_for_any_batches_and_redelivery(drawn, data):
    touches = list(touches_of(drawn))
    cut = data.draw(st.integers(0, len(touches)))
    back = data.draw(st.integers(0, cut))
    pieces = popularity.fold(popularity.fold(Popularity(), touches[:cut]), touches[back:])
    assert pieces == popularity.fold(Popularity(), touches)


@given(TOUCHES, st.randoms(use_true_random=False))
def test_popularity_is_the_same_for_any_interleaving_of_lanes(drawn, random):
    touches = list(touches_of(drawn))
    lanes = sorted(touches, key=lambda touch: touch.lane)
    one, other = popularity.fold(Popularity(), touches), popularity.fold(Popularity(), lanes)
    assert (one.origins, one.counts, one.minutes, one.hours) == (
        other.origins,
        other.counts,
        other.minutes,
        other.hours,
    )
    assert one.liked == pytest.approx(other.liked)
    assert one.shown == pytest.approx(other.shown)


def test_a_decayed_score_halves_in_its_half_life():
    one = popularity.fold(Popularity(), [Touched("v", 0, 0, 1000.0, "u", "like")])
    for score, rate, half_life in zip(one.liked, RATES, HALF_LIVES, strict=True):
        assert decayed(score, rate, 1000.0 + half_life) == pytest.approx(0.5)


def test_windows_count_what_is_inside():
    #   [--- hour ---]          like at 0 h, view at 1.5 h, skip at 2 h
    touches = [
        Touched("v", 0, n, 3600.0 * h, "u", kind)
        for n, (h, kind) in enumerate(((0, "like"), (1.5, "view"), (2, "skip")))
    ]
    one = popularity.fold(Popularity(), touches)
    assert window(one, 3600, 7200.0) == Counts(0, 1, 1)
    assert window(one, 86400, 7200.0) == Counts(1, 1, 1)


def test_a_minute_older_than_an_hour_is_dropped():
    one = popularity.fold(Popularity(), [Touched("v", 0, n, 60.0 * n, "u", "like") for n in range(200)])
    assert (min(one.minutes), len(one.minutes), one.counts.likes) == (140, 60, 200)


@given(TOUCHES, st.data())
def test_neighbours_are_the_same_for_any_batches_and_redelivery(drawn, data):
    touches = [msgspec.structs.replace(touch, trail=("x", "y")) for touch in touches_of(drawn)]
    cut = data.draw(st.integers(0, len(touches)))
    back = data.draw(st.integers(0, cut))
    pieces = neighbours.fold(neighbours.fold(Neighbours(), touches[:cut]), touches[back:])
    assert pieces == neighbours.fold(Neighbours(), touches)


def test_neighbours_are_bounded_and_keep_the_strongest():
    signals = [Followed("v", 0, n, float(n), f"w{n}", 1 if n == 3 else TRAIL) for n in range(1000)]
    company = dict(neighbours.fold(Neighbours(), signals).company())
    assert len(company) <= SIZE + SLACK
    assert "w3" in company


def test_who_comes_back_after_being_pruned_from_a_company_that_was_too_large_begins_anew():
    names = tuple(f"w{n}" for n in range(SIZE + SLACK + 1))
    weights = np.full((len(names), 3), 9 * UNIT, "<u4")
    weights[0] = 1  # it is pruned by the first signal, and comes back with the second
    known = Neighbours(others=names, weights=weights.tobytes())
    after = neighbours.fold(known, [Followed("v", 0, 0, 0.0, "w1", 1), Followed("v", 0, 1, 0.0, "w0", 1)])
    assert after.pair("w0") == (UNIT, 0, UNIT)
    assert len(after.others) == SIZE + 1


def test_a_like_after_a_view_makes_a_pair_and_a_view_makes_none():
    person, _ = folded([Action("u", "seen", "view", 1.0), Action("u", "skipped", "skip", 2.0)])
    _, signals = profile.fold(person, Origin(0, 9), Action("u", "liked", "like", 3.0))
    assert signals[0].trail == ("seen",)
    assert [(one.video_id, one.by) for one in signals[1:]] == [("seen", "liked")]
    assert len(profile.fold(person, Origin(0, 9), Action("u", "other", "view", 3.0))[1]) == 1


def test_what_came_next_lately_halves_and_in_a_new_epoch_is_counted_in_new_units():
    """Epochs are drawn as bars: | a pair ... | another, 8 half-lives later."""
    early, late = Followed("v", 0, 0, 0.0, "w", 1), Followed("v", 0, 1, EPOCH, "x", 1)
    first = neighbours.fold(Neighbours(), [early])
    assert (first.pair("w"), first.left, first.epoch) == ((UNIT, 0, UNIT), UNIT, 0)
    both = neighbours.fold(first, [late])
    assert both == neighbours.fold(Neighbours(), [early, late])
    assert dict(both.company()) == {"w": (UNIT, 0, UNIT >> 8), "x": (UNIT, 0, UNIT)}
    assert (both.left, both.epoch) == (UNIT, 1)
    index = VideoIndex()
    index.put_neighbours("v", both)
    assert index.companies.of([index.rows["v"]]).worth(EPOCH + HALF_LIFE) * UNIT == [0.5]
