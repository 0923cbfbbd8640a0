"""Joining actions with served lists: a function of both logs, whatever was read when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.events import Action, EraseUser
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import CORRECTION, NOT_SERVED, OUTCOME, UNDONE, SourceOffset
from recomind.state import profile_fold
from recomind.state.profile import Profile
from recomind.state.served_lists import (
    MARGIN_S,
    MAX_LISTS_PER_USER,
    RETENTION_S,
    WINDOW_S,
    ServedLists,
    void_lists,
    with_joined,
)
from recomind.state.user_blocks import UserBlocks


class User:
    """A user who is served lists and acts, in the order of the logs."""

    def __init__(self, lists=None):
        self.lists = ServedLists() if lists is None else lists
        self.profile, self.offset = Profile(), 0
        self.blocks = UserBlocks()

    def serve(self, list_id, video_ids, at, user="u"):
        event = ServedListEvent(list_id, user, at, 0, tuple(video_ids))
        self.lists.put(self.lists.next_offset, at, event)

    def act(self, video_id, at, kind="view", list_id=None, event_time=None):
        action = Action("u", video_id, kind, at if event_time is None else event_time, None, list_id)
        self.offset += 1
        before = self.profile
        blocks = self.blocks.of_user("u", before)
        after, derived = profile_fold.fold(before, SourceOffset(0, self.offset), action, *blocks)
        if not derived:
            self.profile = self.blocks.seal_after("u", before, after)
            return None
        joined = self.lists.join(before, action, derived, at)
        self.profile = self.blocks.seal_after("u", before, with_joined(after, action, joined))
        return joined


def videos_of(joined):
    return [place.video_id for place in joined.passed]


def test_an_action_is_the_outcome_of_the_latest_list_with_its_video():
    user = User()
    user.serve("first", "ab", 10.0)
    user.serve("second", "bc", 11.0)
    joined = user.act("b", 12.0)
    assert (joined.outcome, joined.place.event.list_id, joined.place.number) == (OUTCOME, "second", 0)
    assert user.act("a", 13.0).place.event.list_id == "first"
    assert user.act("d", 14.0).outcome == NOT_SERVED


def test_an_action_that_names_its_list_is_an_outcome_of_that_list_alone():
    user = User()
    user.serve("first", "ab", 10.0)
    user.serve("second", "bc", 11.0)
    assert user.act("b", 12.0, list_id="first").place.event.list_id == "first"
    assert user.act("c", 13.0, list_id="lost").outcome == NOT_SERVED


def test_an_action_meets_no_list_that_was_logged_after_it():
    user = User()
    user.serve("early", "ab", 10.0)
    user.serve("late", "a", 20.0)
    assert user.act("a", 15.0).place.event.list_id == "early"


def test_lists_leave_the_window_and_a_user_has_a_few_of_them():
    user = User()
    for number in range(MAX_LISTS_PER_USER + 1):
        user.serve(f"l{number}", [f"v{number}"], 10.0)
    assert user.act("v0", 11.0).outcome == NOT_SERVED
    assert user.act("v1", 11.0).outcome == OUTCOME
    assert user.act("v2", 10.0 + WINDOW_S).outcome == OUTCOME
    assert user.act("v3", 11.0 + WINDOW_S).outcome == NOT_SERVED


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("view", "like", CORRECTION),
        ("skip", "like", CORRECTION),
        ("view", "skip", NOT_SERVED),
        ("like", "view", NOT_SERVED),
        ("like", "like", NOT_SERVED),
    ],
)
def test_a_like_corrects_another_outcome_of_its_place_and_nothing_else_does(first, then, expected):
    user = User()
    user.serve("l", "ab", 10.0)
    assert user.act("a", 11.0, first).outcome == OUTCOME
    assert user.act("a", 12.0, then).outcome == expected


def test_places_are_passed_over_once_the_next_list_was_served_and_count_once():
    user = User()
    user.serve("first", "abcde", 10.0)
    assert videos_of(user.act("b", 11.0)) == []
    assert videos_of(user.act("d", 12.0)) == []
    user.serve("second", "xyz", 13.0)
    assert videos_of(user.act("x", 14.0)) == ["a", "c"]
    assert videos_of(user.act("y", 15.0)) == []


def test_a_list_that_leaves_the_window_is_closed_by_the_next_action():
    user = User()
    user.serve("first", "abc", 10.0)
    user.act("c", 11.0)
    assert videos_of(user.act("other", 10.5 + WINDOW_S)) == ["a", "b"]
    assert videos_of(user.act("another", 11.5 + WINDOW_S)) == []


def test_a_list_that_is_no_longer_retained_is_not_closed():
    user = User()
    user.serve("first", "abc", 10.0)
    user.act("c", 11.0)
    assert videos_of(user.act("other", 11.0 + RETENTION_S)) == []


def test_the_video_of_the_action_is_not_passed_over_nor_is_a_list_without_an_action():
    user = User()
    user.serve("first", "abc", 10.0)
    user.act("c", 11.0)
    user.serve("unseen", "pqr", 12.0)
    user.serve("second", "xyz", 13.0)
    assert videos_of(user.act("a", 14.0)) == ["b"]


def test_a_like_of_a_place_that_was_passed_over_corrects_it():
    user = User()
    user.serve("first", "abc", 10.0)
    user.act("c", 11.0)
    user.serve("second", "xyz", 12.0)
    user.act("y", 13.0)
    assert user.act("b", 14.0, "like").outcome == CORRECTION
    assert user.act("a", 15.0, "view").outcome == NOT_SERVED


def test_an_erasure_voids_the_lists_before_it():
    user = User()
    user.serve("first", "abc", 10.0)
    user.act("c", 11.0)
    erased, _ = profile_fold.apply_event(user.profile, SourceOffset(0, 9), 9, EraseUser("u"))
    user.profile, user.offset = void_lists(user.profile, erased, 12.0), 20
    joined = user.act("a", 13.0)
    assert (joined.outcome, joined.passed) == (NOT_SERVED, ())
    user.serve("second", "b", 14.0)
    assert user.act("b", 15.0).outcome == OUTCOME


def test_the_same_list_with_more_places_replaces_itself():
    user = User()
    user.serve("l", "ab", 10.0)
    user.act("b", 11.0)
    user.serve("l", "abcd", 12.0)
    joined = user.act("d", 13.0)
    assert (joined.outcome, joined.passed) == (OUTCOME, ())
    user.serve("next", "x", 14.0)
    assert videos_of(user.act("x", 15.0)) == ["a", "c"]


def test_records_that_are_read_again_change_nothing():
    lists = ServedLists()
    event = ServedListEvent("l", "u", 1.0, 0, ("a",))
    for _ in range(2):
        lists.put(4, 10.0, event)
    lists.put(5, 11.0, None)
    assert (lists.waiting, lists.next_offset, lists.logged_until) == (1, 6, 11.0)


def test_users_who_were_served_longest_ago_are_dropped():
    user = User(ServedLists(max_users=2))
    for number, name in enumerate(("u", "w", "x")):
        user.serve("l", "a", 10.0 + number, user=name)
    assert user.act("a", 15.0).outcome == NOT_SERVED
    assert len(user.lists) == 2


def test_what_workers_know_of_a_list_is_certain_after_the_margin():
    user = User()
    user.serve("l", "a", 10.0)
    user.lists.advance(10.0)
    assert not user.lists.is_certain("u", 10.0)
    assert user.lists.is_certain("u", 10.0 + MARGIN_S)
    assert user.lists.is_certain("other", 10.0)


def test_an_undo_takes_back_a_like_that_was_counted_once_and_only_one_that_was():
    user = User()
    user.serve("list", "abc", 10.0)
    assert user.act("x", 11.0, "like").outcome == NOT_SERVED
    assert user.act("x", 12.0, "undo_like").outcome == NOT_SERVED
    assert user.act("a", 13.0, "like").outcome == OUTCOME
    assert user.act("b", 13.0).outcome == OUTCOME
    assert user.act("b", 14.0, "like").outcome == CORRECTION
    for video in "ab":
        undone = user.act(video, 15.0, "undo_like")
        assert (undone.outcome, undone.place.video_id) == (UNDONE, video)
    assert user.act("b", 16.0, "like").outcome == CORRECTION
    assert user.act("b", WINDOW_S + 100.0, "undo_like").outcome == UNDONE
    assert user.profile.served_likes == b""


SOME_VIDEOS = st.sampled_from([0, 1, 2, 3, 58, 59, 60, 61, 62])
LIKES_AND_UNDOS = st.sampled_from(["like", "like", "undo_like"])


@given(st.lists(st.tuples(SOME_VIDEOS, LIKES_AND_UNDOS, st.sampled_from([1.0, 90.0, 130.0, 500.0, 501.0]))))
def test_an_undo_takes_back_a_like_of_any_age_if_and_only_if_it_was_counted(drawn):
    """Whatever the event times are: a like with an early one is dropped by the profile at once."""
    user, counted = User(), {}
    user.serve("list", [f"v{number}" for number in range(0, 70, 2)], 10.0)
    drawn = [(number, "like", 100.0 + number) for number in range(60)] + drawn
    for number, kind, event_time in drawn:
        joined = user.act(f"v{number}", 1000.0, kind, event_time=event_time)
        if kind == "like":
            counted[number] = joined.outcome in {OUTCOME, CORRECTION} or counted.get(number, False)
        else:
            was_counted = counted.pop(number, None)
            assert (joined and joined.outcome) == {None: None, True: UNDONE, False: NOT_SERVED}[was_counted]
    assert user.profile.older_blocks or len(user.profile.older) > 0
    assert len(user.profile.served_likes) <= 4 * sum(
        like.video_id[1:] in map(str, counted) for like in user.profile.likes
    )


def test_other_feedback_is_an_outcome_but_corrects_nothing():
    user = User()
    user.serve("list", "abc", 10.0)
    assert user.act("a", 11.0, "dislike").outcome == OUTCOME
    assert user.act("a", 11.0, "share").outcome == NOT_SERVED
    assert user.act("a", 11.0, "undo_share").outcome == NOT_SERVED
    assert user.act("a", 11.0, "like").outcome == CORRECTION
