"""State of served lists: which list an action is the outcome of, and which places of a list were passed over.

Served lists and actions are two logs with the same key. They are joined in the order in which Kafka appended them, so
that the join is a function of both logs: an action sees the lists that were logged before it, however early or late a
worker has read them.

An action on a video of one of the user's latest `MAX_LISTS_PER_USER` lists, within `WINDOW_S`, is the outcome of that
list: of the one whose id it carries, else of the latest that held the video. A list is closed by the next list, or when
it has left the window; this is noticed at the user's next action. Places of a closed list that the user has not acted
on, before the last place that the user did act on, were passed over. Each place is counted once: a like after a view, a
skip or a pass corrects what was learned from the place, and any other later action changes nothing. The profile
remembers of each like whether it was an outcome or a correction; the undo of one that was takes it back.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from struct import pack
from typing import Final, NamedTuple

import msgspec

from recomind.model.events import Action
from recomind.model.served_lists import ServedListEvent
from recomind.model.signals import CORRECTION, NOT_SERVED, OUTCOME, UNDONE, ActionSignal, Signal, UndoSignal
from recomind.state.fingerprints import contains, video_hash
from recomind.state.older_records import with_latest_served
from recomind.state.profile import Profile, has_seen, without_fingerprint
from recomind.state.profile_entries import MAX_LIKES

WINDOW_S: Final = 1_800.0
"""Time after which an action is no longer the outcome of a served list."""

RETENTION_S: Final = 2 * WINDOW_S
"""Time for which a list is kept: until then an action of the user closes it."""

MARGIN_S: Final = 1.0
"""A worker knows all lists that were logged at least this long before an action; later ones may be missing.

It asks Kafka for the end of the log of lists after it has got the action, so fetches may take any time. The margin is
for what the brokers do: their clocks may differ, and a list is readable only once its replicas have it.
"""

REPEATS_S: Final = 900.0
"""Time after which a list is not handed out again: lists are ranked anew once they are ten minutes old."""

REACH_S: Final = RETENTION_S + REPEATS_S
"""How long before an action the log of lists has to be read: of a list that is known, the first event counts."""

MAX_LISTS_PER_USER: Final = 4
"""The latest served lists of a user whose outcomes are awaited."""

MAX_USERS: Final = 10_000
"""Users whose lists are kept for all partitions together; those who were served longest ago are dropped."""


class Place(NamedTuple):
    """A place of a served list."""

    event: ServedListEvent
    number: int
    """0 for the first."""

    @property
    def video_id(self) -> str:
        """The video that it held."""
        return self.event.video_ids[self.number]


class Joined(NamedTuple):
    """What an action means for the user's served lists."""

    outcome: int
    """`NOT_SERVED`, `OUTCOME`, `CORRECTION` or `UNDONE`."""
    place: Place | None
    """The place that the action is the outcome of; None if it is of none, or no longer known."""
    passed: tuple[Place, ...]
    """Places of the list that the action closes which were passed over."""
    list_ids: tuple[str, ...]
    """For `Profile.list_ids`."""


class _Served(NamedTuple):
    logged_at: float
    event: ServedListEvent


class ServedLists:
    """The latest served lists of the users of one partition."""

    def __init__(self, max_users: int = MAX_USERS) -> None:
        self.next_offset = 0
        """Offset after the last record that was put."""
        self.logged_until = 0.0
        """When that record was logged, epoch seconds."""
        self._max_users = max_users
        self._waiting: deque[_Served] = deque()
        """Lists that no action has been compared with yet, in the order of the log."""
        self._lists: OrderedDict[str, tuple[_Served, ...]] = OrderedDict()
        """User to the latest lists, newest first."""

    def __len__(self) -> int:
        """Users with lists."""
        return len(self._lists.keys() | {one.event.user_id for one in self._waiting})

    @property
    def waiting(self) -> int:
        """Lists that were logged after the last action that was joined."""
        return len(self._waiting)

    def put(self, offset: int, logged_at: float, event: ServedListEvent | None) -> None:
        """Put the next record of the log; one that was put before changes nothing.

        Args:
            offset: of the record.
            logged_at: when Kafka appended it, epoch seconds.
            event: what it holds; None if it cannot be read.
        """
        if offset < self.next_offset:
            return
        self.next_offset, self.logged_until = offset + 1, logged_at
        if event is not None:
            self._waiting.append(_Served(logged_at, event))

    def skip_to(self, offset: int) -> None:
        """Note that the log has been read up to an offset: what lies between is no list, or too old to count."""
        self.next_offset = max(self.next_offset, offset)

    def advance(self, logged_at: float) -> None:
        """Make the lists that were logged until a time visible to actions."""
        while self._waiting and self._waiting[0].logged_at <= logged_at:
            self._add(self._waiting.popleft())

    def is_certain(self, user_id: str, logged_at: float) -> bool:
        """Whether every worker knows the same of a user's lists at a time that they have been advanced to."""
        latest = self._lists.get(user_id)
        return latest is None or logged_at - latest[0].logged_at >= MARGIN_S

    def join(self, before: Profile, action: Action, derived: Sequence[Signal], logged_at: float) -> Joined:
        """Join an action that counts with the user's lists.

        Args:
            before: the user's profile before the action.
            action: the action.
            derived: its signals, the action's own first. A video gets one signal of an action at most.
            logged_at: when Kafka appended the action, epoch seconds.
        """
        self.advance(logged_at)
        known = [one for one in self._lists.get(action.user_id, ()) if one.logged_at > before.lists_since]
        known = [one for one in known if logged_at - one.logged_at <= RETENTION_S]
        recent = [one for one in known if logged_at - one.logged_at <= WINDOW_S]
        was_open, *passed_before = before.list_ids or ("",)
        open_list = recent[0].event.list_id if recent else ""
        closed = [one.event for one in known if one.event.list_id == was_open != open_list]
        signalled = {signal.video_id for signal in derived}
        passed = [place for event in closed for place in _passed_over(event, before) if place.video_id not in signalled]
        closed_ids = (*dict.fromkeys(place.event.list_id for place in passed), *passed_before)
        list_ids = (open_list, *closed_ids[: MAX_LISTS_PER_USER - 1]) if open_list or closed_ids else ()
        outcome, place = _outcome_of(before, action, derived[0], recent, closed_ids)
        return Joined(outcome, place, tuple(passed), list_ids)

    def _add(self, served: _Served) -> None:
        """Add a user's list. One that was served before with fewer places is replaced.

        An event that has no more places says that a list was handed out again: the list stays as it is.
        """
        user_id, list_id = served.event.user_id, served.event.list_id
        before = self._lists.get(user_id, ())
        places = [len(one.event.video_ids) for one in before if one.event.list_id == list_id]
        if places and len(served.event.video_ids) <= max(places):
            return
        self._lists.pop(user_id, None)
        known = [one for one in before if one.event.list_id != list_id]
        self._lists[user_id] = (served, *known[: MAX_LISTS_PER_USER - 1])
        if len(self._lists) > self._max_users:
            self._lists.popitem(last=False)


def void_lists(before: Profile, erased: Profile, logged_at: float) -> Profile:
    """A user's profile after a control record that erased them, if it did: earlier lists are void.

    Args:
        before: the profile before the record.
        erased: the profile after it; the same one if the record had been applied before.
        logged_at: when Kafka appended the record, epoch seconds.
    """
    return erased if erased is before else msgspec.structs.replace(erased, lists_since=logged_at)


def with_joined(after: Profile, action: Action, joined: Joined) -> Profile:
    """A user's profile after an action, with what the action means for their served lists.

    Args:
        after: the profile after the action; its blocks are not sealed yet.
        action: the action.
        joined: what it means.
    """
    served_likes, older, fingerprint = after.served_likes, after.older, video_hash(action.video_id)
    if joined.outcome == UNDONE:
        served_likes = without_fingerprint(served_likes, fingerprint)
    elif joined.outcome in {OUTCOME, CORRECTION} and action.action_type == "like":
        if any(one.video_id == action.video_id for one in after.likes):
            served_likes = (served_likes + pack("<I", fingerprint))[-4 * MAX_LIKES :]
        else:  # its event time is so early that the profile has dropped it at once
            older = with_latest_served(older)
    return msgspec.structs.replace(after, list_ids=joined.list_ids, served_likes=served_likes, older=older)


def _outcome_of(
    before: Profile, action: Action, own: Signal, recent: Sequence[_Served], closed_ids: Sequence[str]
) -> tuple[int, Place | None]:
    """What an action, with its own signal, is to the user's recent lists, and to which place."""
    if isinstance(own, UndoSignal):
        was_served = own.outcome == UNDONE or contains(before.served_likes, video_hash(action.video_id))
        is_undone = own.action_type == "like" and was_served
        return (UNDONE, _place_of(recent, action)) if is_undone else (NOT_SERVED, None)
    is_repeat = isinstance(own, ActionSignal) and own.is_repeat
    place = None if is_repeat else _place_of(recent, action)
    if place is None:
        return NOT_SERVED, None
    was_counted = has_seen(before, action.video_id) or _was_passed_over(place, before, closed_ids)
    outcome = OUTCOME if not was_counted else CORRECTION if action.action_type == "like" else NOT_SERVED
    return outcome, place if outcome != NOT_SERVED else None


def _place_of(recent: Iterable[_Served], action: Action) -> Place | None:
    """The place that an action is the outcome of, in the latest list with its video; None if there is none."""
    if action.merged is not None:
        return None
    for _, event in recent:
        if action.list_id in {None, event.list_id} and action.video_id in event.video_ids:
            return Place(event, event.video_ids.index(action.video_id))
    return None


def _passed_over(event: ServedListEvent, before: Profile) -> list[Place]:
    """The places that were not acted on, before the last one that was."""
    acted_on = [has_seen(before, video_id) for video_id in event.video_ids]
    last = max((number for number, acted in enumerate(acted_on) if acted), default=0)
    return [Place(event, number) for number in range(last) if not acted_on[number]]


def _was_passed_over(place: Place, before: Profile, closed_ids: Sequence[str]) -> bool:
    """Whether a place of a closed list was passed over: a later place of it had been acted on."""
    later = place.event.video_ids[place.number + 1 :]
    return place.event.list_id in closed_ids and any(has_seen(before, video_id) for video_id in later)
