"""Likes and feedback of any age can be undone: random histories against a model that remembers everything."""

from functools import cache
from itertools import pairwise
from math import inf

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomind.model.action_types import FEEDBACK_TYPES, REJECTIONS, UNDONE_BY
from recomind.model.events import Action
from recomind.model.local_context import local_context
from recomind.model.signals import ActionSignal, SourceOffset, UndoSignal
from recomind.state import neighbours, older_feedback, older_records, popularity, profile_fold
from recomind.state.neighbours import Neighbours
from recomind.state.older_feedback import MAX_RECORDS, OlderFeedback, is_rejected
from recomind.state.popularity import Popularity
from recomind.state.profile import Profile
from recomind.state.profile_entries import MAX_FEEDBACK, MAX_LIKES, Feedback, Like
from recomind.state.user_blocks import UserBlocks

START = 1.7e9
CONTEXTS = (None, '{"country":"DE"}', '{"country":"FR","local_hour":8}', '{"local_hour":20}')
KINDS = ("like", "like", "like", "undo_like", "undo_like", "dislike", "undo_dislike", "share", "undo_share", "view")
EVENTS = st.tuples(st.integers(0, 110), st.sampled_from(KINDS), st.floats(0, 1e5).map(float), st.sampled_from(CONTEXTS))
LATER = st.lists(EVENTS, max_size=60)
BEFORE = [(number, "like", float(number), CONTEXTS[number % 4]) for number in range(100)]
BEFORE += [(number, kind, float(number), None) for number in range(30) for kind in ("dislike", "share")]
"""More likes and feedback than a profile holds, and than there are records in it."""


def actions_of(drawn):
    return [Action("u", f"v{number}", kind, START + at, context=context) for number, kind, at, context in drawn]


class User:
    """A user, folded by the fold; its blocks may be those of a user who has done more."""

    def __init__(self, profile=None, blocks=None, offset=0):
        self.profile, self.offset = profile or Profile(), offset
        self.blocks = blocks or UserBlocks()

    def act(self, action):
        before = self.profile
        blocks = self.blocks.of_user("u", before)
        after, signals = profile_fold.fold(before, SourceOffset(0, self.offset), action, *blocks)
        self.profile = self.blocks.seal_after("u", before, after)
        self.offset += 1
        return signals


class Model:
    """What a user has done and not undone, without any bound."""

    def __init__(self):
        self.done, self.undone = {}, set()

    def signal(self, action):
        """What the action's own signal has to say: of an undo, None if there is nothing to be undone."""
        kind = UNDONE_BY.get(action.action_type)
        if kind is None:
            earlier = self.done.setdefault((action.video_id, action.action_type), [])
            earlier.append(action)
            is_repeat = len(earlier) > 1
            was_undone = action.action_type == "like" and not is_repeat and action.video_id in self.undone
            return None if action.action_type == "view" else (is_repeat, was_undone)
        gone = self.done.pop((action.video_id, kind), None)
        if gone is None:
            return None
        if kind == "like":
            self.undone.add(action.video_id)
            return gone[0].timestamp, len(gone) - 1, local_context(gone[0].context, gone[0].timestamp)
        return max(one.timestamp for one in gone), 0, ""


@cache
def after_before():
    """The user, the model, and the signals after `BEFORE`."""
    user, model = User(), Model()
    signals = [user.act(action) for action in actions_of(BEFORE)]
    assert [said(some) for some in signals] == [model.signal(action) for action in actions_of(BEFORE)]
    return user, model, [one for some in signals for one in some]


def start():
    """The same, to go on from."""
    user, model, signals = after_before()
    blocks, copied = UserBlocks(), Model()
    blocks.seen |= user.blocks.seen
    blocks.older |= user.blocks.older
    copied.done = {key: list(some) for key, some in model.done.items()}
    return User(user.profile, blocks, user.offset), copied, list(signals)


def said(signals):
    """The same of the signals of an action."""
    own = signals[0] if signals else None
    if isinstance(own, UndoSignal):
        return own.acted_at, own.repeats, own.local
    return None if own is None or own.action_type == "view" else (own.is_repeat, own.was_undone)


@given(LATER)
def test_signals_and_counts_are_those_of_a_model_that_remembers_everything(later):
    user, model, signals = start()
    for action in actions_of(later):
        derived = user.act(action)
        assert said(derived) == model.signal(action)
        signals += derived
    assert user.profile.older_blocks >= 2
    likes = sum(len(some) for (_, kind), some in model.done.items() if kind == "like")
    assert user.profile.like_count == likes
    assert user.profile.action_count == len(BEFORE) + len(later)
    rejected = {video for video, kind in model.done if kind in REJECTIONS}
    blocks = user.blocks.of_user("u", user.profile)
    assert rejected == {one for one in (f"v{n}" for n in range(111)) if is_rejected(user.profile, one, *blocks)}
    assert_videos_count(model, signals, {f"v{number}" for number, *_ in later})


def assert_videos_count(model, signals, videos):
    """Counts, windows, scores and likers of videos are those of what the model has left."""
    for video in videos:
        own = [one for one in signals if one.video_id == video]
        left = [
            action for (one, kind), some in model.done.items() if one == video and kind == "like" for action in some
        ]
        found = popularity.fold(Popularity(), [one for one in own if isinstance(one, ActionSignal | UndoSignal)])
        clean = [
            ActionSignal(video, 0, number, one.timestamp, "u", "like", number > 0, is_repeated_like=number > 0)
            for number, one in enumerate(left)
        ]
        expected = popularity.fold(Popularity(), clean)
        assert (found.counts.likes, found.first_likes) == (len(left), min(1, len(left)))
        assert {key: one.likes for key, one in found.hours.items() if one.likes} == {
            key: one.likes for key, one in expected.hours.items()
        }
        for one, other in zip(found.like_scores, expected.like_scores, strict=True):
            assert (one == other == -inf) or one == pytest.approx(other, abs=1e-6)
        likers = neighbours.fold(Neighbours(), own).likers
        assert [one.timestamp for one in likers] == [one.timestamp for one in left[:1]]
        feedback = dict(zip(FEEDBACK_TYPES, found.feedback or 7 * (0,), strict=True))
        assert {kind for kind, count in feedback.items() if count} == {
            kind for one, kind in model.done if one == video
        } - {
            "like",
            "view",
        }


@settings(max_examples=40)
@given(LATER, st.data())
def test_a_replay_from_any_snapshot_gives_the_same_profile_and_blocks(later, data):
    """The blocks may be newer than the profile: they are in the changelog before it."""
    actions, at = actions_of(BEFORE + later), data.draw(st.integers(0, len(BEFORE) + len(later)))
    user, first = (User(), 0) if at < len(BEFORE) else (start()[0], len(BEFORE))
    for action in actions[first:at]:
        user.act(action)
    snapshot = msgspec.msgpack.decode(msgspec.msgpack.encode(user.profile), type=Profile)
    signals = [user.act(action) for action in actions[at:]]
    older, seen = dict(user.blocks.older), dict(user.blocks.seen)
    again = User(snapshot, user.blocks, at)
    assert [again.act(action) for action in actions[at:]] == signals
    assert again.profile == user.profile
    assert (again.blocks.older, again.blocks.seen) == (older, seen)
    delivered_again = User(user.profile, user.blocks, at)
    assert [one for action in actions[at:] for one in delivered_again.act(action)] == []
    assert delivered_again.profile == user.profile


def test_any_of_2000_likes_can_be_undone_and_given_again():
    user = User()
    for action in actions_of([(number, "like", float(number), None) for number in range(2000)]):
        user.act(action)
    assert user.profile.older_blocks == (2000 - MAX_LIKES) // MAX_RECORDS
    for number in range(0, 2000, 7):
        [undo] = user.act(Action("u", f"v{number}", "undo_like", START + 3000))
        assert (undo.acted_at, undo.repeats) == (START + number, 0)
        assert user.act(Action("u", f"v{number}", "undo_like", START + 3000)) == []
    assert user.profile.like_count == 2000 - len(range(0, 2000, 7))
    for number in range(0, 2000, 7):
        [signal] = user.act(Action("u", f"v{number}", "like", START + 4000))
        assert (signal.is_repeat, signal.was_undone) == (False, True)
    for number in range(0, 2000, 7):
        assert user.act(Action("u", f"v{number}", "like", START + 4001))[0].is_repeat
    assert user.act(Action("u", "other", "undo_like", START + 5000)) == []


def test_records_stay_few_while_one_video_is_liked_and_undone_without_end():
    user = User()
    for action in actions_of([(number, "like", float(number), None) for number in range(60)]):
        user.act(action)
    for number in range(300):
        user.act(Action("u", "v3", "like", START + 100 + number))
        user.act(Action("u", "v3", "undo_like", START + 100 + number))
    assert user.profile.older_blocks == 0
    assert len(user.profile.older) <= older_records.RECORD_SIZE * 20


def test_records_stay_few_while_an_old_like_is_repeated_without_end():
    user = User()
    for action in actions_of([(number, "like", float(number), None) for number in range(60)]):
        user.act(action)
    for _ in range(300):
        assert user.act(Action("u", "v3", "like", START + 3))[0].is_repeat
    assert user.profile.older_blocks == 0
    assert len(user.profile.older) == older_records.RECORD_SIZE * 13
    [undo] = user.act(Action("u", "v3", "undo_like", START + 100))
    assert (undo.acted_at, undo.repeats) == (START + 3, 300)


def test_an_erasure_takes_the_records_and_blocks():
    user = User()
    for action in actions_of(BEFORE):
        user.act(action)
    before = user.profile
    user.profile = user.blocks.seal_after("u", before, profile_fold.erase(before, SourceOffset(0, 500), 500))
    assert (user.profile.older, user.profile.older_blocks, user.blocks.older) == (b"", 0, {})
    user.offset = 501
    assert user.act(Action("u", "v0", "undo_like", START)) == []
    assert not user.act(Action("u", "v0", "like", START))[0].is_repeat


def test_a_like_of_which_only_the_fingerprint_is_known_leaves_the_counts_once():
    """A version without records had dropped it."""
    user = User()
    for action in actions_of([(number, "like", float(number), None) for number in range(60)]):
        user.act(action)
    user.profile = msgspec.structs.replace(user.profile, older=b"", older_blocks=0)
    [undo] = user.act(Action("u", "v0", "undo_like", START + 100))
    assert (undo.acted_at, undo.repeats) == (0.0, 0)
    assert user.act(Action("u", "v0", "undo_like", START + 100)) == []
    assert user.act(Action("u", "v1", "like", START + 100))[0].is_repeat
    [undo] = user.act(Action("u", "v1", "undo_like", START + 100))
    assert (undo.acted_at, undo.repeats) == (0.0, 1)
    others = [ActionSignal("v0", 1, at, START + at, "w", "like") for at in range(3)]
    liked = [ActionSignal("v0", 0, 0, START, "u", "like"), *others]
    undone = popularity.fold(Popularity(), [*liked, UndoSignal("v0", 0, 1, START + 100, "u", "like", 0.0)])
    assert (undone.counts.likes, undone.first_likes) == (3, 3)
    assert undone.like_scores == pytest.approx(popularity.fold(Popularity(), liked).like_scores)


LIKES = [
    Like("a", 5.5),
    Like("a", 7.5, 5.5, 3, "DE3"),
    Like("a", 7.5, None, 2, "0"),
    Like("a", 2.0, 0.0, 1, "FR"),
    Like("a", 9.0, None, 2**24 - 1),
]


@pytest.mark.parametrize("entry", [*LIKES, Feedback("a", 0, 1.25), Feedback("a", len(FEEDBACK_TYPES) - 1, 0.0)])
@pytest.mark.parametrize("is_served", [False, True])
def test_a_record_gives_back_its_entry(entry, is_served):
    is_like = isinstance(entry, Like)
    code = 0 if is_like else 1 + entry.code
    records = b"".join([older_records.with_entry(b"", Like("b", 1.0, 0.5, 1)), older_records.with_entry(b"", LIKES[1])])
    records = older_records.with_entry(records, entry, is_served=is_served)
    found = older_records.find(records, "a", code)
    assert found == (entry, is_served and is_like)
    assert older_records.find(records, "c", code) is None
    assert older_records.find(older_records.without_outcomes(records), "a", code) == (entry, False)
    undone = older_records.with_undone(records, "a", code)
    assert older_records.find(undone, "a", code) == (None, False)
    assert older_records.find(undone, "b", 0).entry == Like("b", 1.0, 0.5, 1)


def test_no_type_of_feedback_needs_more_bits_than_a_record_has():
    assert len(FEEDBACK_TYPES) < 15


def test_a_block_is_sealed_with_all_records():
    user, lengths = User(), []
    for number in range(200):
        user.act(Action("u", f"v{number}", "like", START + number))
        user.act(Action("u", f"v{number}", "like", START + number))
        lengths.append(len(user.profile.older))
    assert max(lengths) < MAX_RECORDS * older_records.RECORD_SIZE
    assert {len(block.records) // older_records.RECORD_SIZE for block in user.blocks.older.values()} <= {32, 33}
    assert all(isinstance(block, OlderFeedback) for block in user.blocks.older.values())
    assert all(
        older <= newer for older, newer in pairwise(sorted(b.applied_offsets[0] for b in user.blocks.older.values()))
    )
    assert older_feedback.seal(user.profile) == (user.profile, None)
    assert len(user.profile.feedback) <= MAX_FEEDBACK
