"""Profiles: the same state for any redelivery and interleaving, within their limits, and the signals they send."""

from uuid import UUID, uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from recomind.model.events import Action
from recomind.model.signals import ActionSignal, SourceOffset, TransitionSignal, rerouted_source
from recomind.state import older_feedback, profile_fold
from recomind.state.event_ids import MAX_EVENT_IDS
from recomind.state.fingerprints import contains, video_hash
from recomind.state.older_feedback import MAX_RECORDS
from recomind.state.older_records import RECORD_SIZE
from recomind.state.profile import MAX_SEEN, Profile
from recomind.state.profile_entries import MAX_FEEDBACK, MAX_LIKES, MAX_REACTIONS
from recomind.state.seen_blocks import seal

ACTION_TYPES = st.sampled_from(["like", "view", "skip", "dislike", "share"])
TIMES = st.integers(0, 10**6).map(float)
ACTIONS = st.lists(st.builds(Action, st.just("u"), st.sampled_from("abcdefgh"), ACTION_TYPES, TIMES), max_size=60)


def folded(actions, start=None, first_offset=0):
    user, signals = start or Profile(), []
    for offset, action in enumerate(actions, first_offset):
        user, new = profile_fold.fold(user, SourceOffset(0, offset), action)
        signals += new
    return user, signals


@given(ACTIONS, st.data())
def test_redelivered_actions_change_no_profile_and_send_no_signals(actions, data):
    user, _ = folded(actions)
    start = data.draw(st.integers(0, len(actions)))
    after, signals = folded(actions[start:], user, start)
    assert after == user
    assert signals == []


@given(ACTIONS)
def test_decoding_an_encoded_profile_gives_the_same_profile(actions):
    user, _ = folded(actions)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(user), type=Profile) == user


@given(ACTIONS, ACTIONS, st.data())
def test_any_interleaving_of_two_sources_gives_the_same_profile(left, right, data):
    sources = [
        [(SourceOffset(source, n), action) for n, action in enumerate(some)]
        for source, some in enumerate((left, right))
    ]
    first, second = Profile(), Profile()
    for source_offset, action in sources[0] + sources[1]:
        first, _ = profile_fold.fold(first, source_offset, action)
    for source_offset, action in interleaved(sources, data):
        second, _ = profile_fold.fold(second, source_offset, action)
    assert canonical(first) == canonical(second)


def interleaved(sources, data):
    queues = [list(source) for source in sources]
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        yield queue.pop(0)


def canonical(user):
    seen = {user.seen[at : at + 4] for at in range(0, len(user.seen), 4)}
    likes = {(one.video_id, one.timestamp, one.repeats) for one in user.likes}
    return user.applied_offsets, likes, set(user.reactions), set(user.feedback), seen, user.like_count, user.skip_count


def test_an_event_id_sent_twice_counts_once():
    action = Action("u", "v", "like", 1.0, UUID(int=7))
    user, _ = profile_fold.fold(Profile(), SourceOffset(0, 0), action)
    after, signals = profile_fold.fold(user, SourceOffset(0, 1), action)
    assert after == msgspec.structs.replace(user, applied_offsets={0: 1})
    assert signals == []


def test_a_duplicate_event_counts_once_when_it_is_redelivered_after_its_id_was_dropped():
    action = Action("u", "v", "view", 1.0, UUID(int=7))
    user, _ = folded([action])
    user, _ = profile_fold.fold(user, SourceOffset(1, 5), action)
    user, _ = folded([Action("u", "w", "view", 2.0, uuid4()) for _ in range(2 * MAX_EVENT_IDS)], user, 1)
    after, signals = profile_fold.fold(user, SourceOffset(1, 5), action)
    assert after is user
    assert signals == []


def test_a_profile_stays_within_its_limits():
    actions = [
        Action("u", f"{action_type}-{number}", action_type, float(number), uuid4())
        for number in range(2000)
        for action_type in ("like", "skip", "report")
    ]
    user = Profile()
    for offset, action in enumerate(actions):
        user, _ = profile_fold.fold(user, SourceOffset(0, offset), action)
        user, _ = seal(user)
        user, _ = older_feedback.seal(user)
    assert len(user.likes) == MAX_LIKES
    assert len(user.reactions) == MAX_REACTIONS
    assert len(user.feedback) == MAX_FEEDBACK
    assert len(user.seen) < 4 * MAX_SEEN
    assert len(user.event_ids) == 8 * MAX_EVENT_IDS
    assert len(user.older) < RECORD_SIZE * MAX_RECORDS
    assert len(msgspec.msgpack.encode(user)) <= 4096


def test_a_seen_video_is_found_only_at_an_aligned_position():
    packed = video_hash("a").to_bytes(4, "little")
    assert contains(b"xxxx" + packed, video_hash("a"))
    assert not contains(b"xx" + packed + b"xx", video_hash("a"))


def test_a_like_sends_its_history_and_a_transition_from_each_earlier_video():
    actions = [Action("u", video, "like", float(at)) for at, video in enumerate("abc")]
    _, signals = folded(actions)
    action_signal, *transitions = signals[-3:]
    assert action_signal == ActionSignal("c", 0, 2, 2.0, "u", "like", False, ("b", "a"))
    assert transitions == [TransitionSignal("b", 0, 2, 2.0, "c", 1, "u"), TransitionSignal("a", 0, 2, 2.0, "c", 2, "u")]


def test_a_repeated_like_is_marked_and_has_no_history():
    actions = [Action("u", video, "like", float(at)) for at, video in enumerate("aba")]
    _, signals = folded(actions)
    assert signals[-1] == ActionSignal("a", 0, 2, 2.0, "u", "like", True, (), is_repeated_like=True)


def test_a_like_after_a_view_makes_a_pair_and_a_view_makes_none():
    user, _ = folded([Action("u", "seen", "view", 1.0), Action("u", "skipped", "skip", 2.0)])
    _, signals = profile_fold.fold(user, SourceOffset(0, 9), Action("u", "liked", "like", 3.0))
    assert signals[0].history == ("seen",)
    assert [(one.video_id, one.next_video_id) for one in signals[1:]] == [("seen", "liked")]
    assert len(profile_fold.fold(user, SourceOffset(0, 9), Action("u", "other", "view", 3.0))[1]) == 1


def test_an_erased_profile_keeps_only_its_offsets():
    user, _ = profile_fold.fold(Profile(), SourceOffset(0, 3), Action("u", "a", "like", 1.0))
    user, _ = profile_fold.fold(user, SourceOffset(rerouted_source(1, 0), 9), Action("u", "b", "view", 2.0))
    erased = profile_fold.erase(user, SourceOffset(0, 7), 7)
    assert erased == Profile(applied_offsets={0: 7, rerouted_source(1, 0): 9}, erasure_offset=7)
    assert erased.is_erased
    assert profile_fold.erase(erased, SourceOffset(0, 7), 7) is erased
    back, signals = profile_fold.fold(erased, SourceOffset(0, 8), Action("u", "a", "like", 3.0))
    assert (back.like_count, back.is_erased, signals[0].is_repeat) == (1, False, False)
