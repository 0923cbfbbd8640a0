"""The refresh queue: a watermark may lag behind the lists, it never leads them; those who look come first."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from recomind.model.applied_offsets import is_behind_watermark
from recomind.model.signals import SourceOffset
from recomind.runtime.refresh_queue import Priority, RefreshQueue
from recomind.state.profile import Profile

USERS = ("a", "b")
SOURCES = (0, 5)
"""The partition itself, and records rerouted to it."""

ACTIONS = st.lists(st.tuples(st.sampled_from(SOURCES), st.sampled_from(USERS)), max_size=3)


class Users:
    """Which users are present, and which have asked since their last list."""

    def __init__(self, *due, present=()):
        self.due, self.present = set(due), {*due, *present}

    def is_due(self, user_id):
        return user_id in self.due

    def is_present(self, user_id):
        return user_id in self.present


class WatermarkInvariant(RuleBasedStateMachine):
    """Owners of partition 0, one after the other: any order of batches, refreshes, commits, crashes and restores.

    A user's profile and list are represented by their applied offsets. The log is a list of (source, offset, user).
    Only committed actions are not delivered again, so they are those that must not be left out.
    """

    @initialize()
    def start(self):
        self.log, self.folded, self.committed = [], 0, 0
        """The actions, and how many of them are in profiles and are committed."""
        self.profiles, self.changelog, self.lists, self.snapshots = {}, {}, {}, [{}]
        self.stored, self.is_stored_invalid = None, False
        """The watermark in Redis, and whether it may lead the lists since Redis was restored."""
        self.users = Users()
        self.queue = RefreshQueue(self.users)
        self.store_watermark()

    @rule(actions=ACTIONS)
    def act(self, actions):
        """Append actions to the log, and fold all that are not in profiles, those delivered again as well."""
        for source, user in actions:
            offset = sum(one == source for one, _, _ in self.log)
            self.log.append((source, offset, user))
        self._fold(len(self.log))

    @precondition(lambda self: self.folded < len(self.log))
    @rule(most=st.integers(1, 3))
    def redeliver(self, most):
        """Fold some of the actions that are delivered again after a crash."""
        self._fold(self.folded + most)

    @precondition(lambda self: self.queue)
    @rule(
        most=st.integers(1, 2),
        meanwhile=ACTIONS,
        interruption=st.sampled_from(["", "store_watermark", "commit", "reassign"]),
        stored=st.sampled_from(["all", "none", *USERS]),
    )
    def refresh(self, most, meanwhile, interruption, stored):
        """Rank or drop the lists of users as they are now, all or some; meanwhile, other things happen."""
        priority = self.queue.first_priority
        if priority is None:
            return
        ranked = self.queue.next_batch(priority, most)
        self.act(meanwhile)
        if interruption == "reassign":
            self.reassign(same_worker=True)
        elif interruption:
            getattr(self, interruption)()
        self.watermarks_do_not_lead()
        for user in [user for user in ranked if stored in ("all", user)]:
            if priority is Priority.OUTDATED:
                self.lists.pop(user, None)
            else:
                self.lists[user] = ranked[user].applied_offsets
        self.snapshots.append(dict(self.lists))
        if stored == "all":
            self.queue.complete()
        else:
            self.queue.requeue()

    @rule(user=st.sampled_from(USERS))
    def ask(self, user):
        """Have a user ask for a list."""
        self.users.due.add(user)
        self.users.present.add(user)
        self.queue.promote(user)

    @rule(user=st.sampled_from(USERS), stays=st.booleans())
    def leave(self, user, stays):
        """Have a user not ask any more, and be present or not."""
        self.users.due.discard(user)
        if not stays:
            self.users.present.discard(user)

    @rule()
    def store_watermark(self):
        """Adopt the partition if it is not, and store the watermark, as the agent `watermarks` does."""
        if not self.queue.adopted(0):
            self._adopt()
        self.stored, self.is_stored_invalid = self.queue.watermarks()[0].listed, False

    @rule()
    def commit(self):
        """Commit what is folded: tables first, the watermark last."""
        self.changelog = dict(self.profiles)
        self.store_watermark()
        self.committed = self.folded

    @rule(same_worker=st.booleans())
    def reassign(self, same_worker):
        """Have the next owner take over what is in Kafka and Redis."""
        self.profiles, self.folded = dict(self.changelog), self.committed
        if same_worker:
            self.queue.retain_partitions(set())
        else:
            self.queue = RefreshQueue(self.users)
        if self.is_stored_invalid:
            self.queue.invalidate_watermark(0)

    @rule(back=st.integers(1, 3))
    def restore_redis(self, back):
        """Restore the lists of a snapshot, but not the watermark; the agent `popularity` notices."""
        self.lists, self.is_stored_invalid = dict(self.snapshots[-back:][0]), True
        self.queue.invalidate_watermark(0)

    @invariant()
    def stored_watermark_does_not_lead(self):
        """Whatever crashes now, no committed action is left out."""
        if self.stored is not None and not self.is_stored_invalid:
            self._check_listed(self.stored, self.committed)

    @invariant()
    def watermarks_do_not_lead(self):
        for watermarks in self.queue.watermarks().values():
            self._check_listed(watermarks.listed, self.folded)
            self._check(watermarks.current, self.log[: self.folded], lacking={0: 2**63, 5: 2**63})

    def _fold(self, end):
        batch = self.log[self.folded : end]
        self.folded += len(batch)
        changed = {}
        for source, offset, user in batch:
            before = changed.get(user, self.profiles.get(user, {}))
            changed[user] = {**before, source: max(offset, before.get(source, -1))}
        self.profiles |= changed
        profiles = {user: Profile(applied_offsets=offsets) for user, offsets in changed.items()}
        self.queue.add(0, profiles, [SourceOffset(source, offset) for source, offset, _ in batch])

    def _adopt(self):
        is_invalid, watermark = self.queue.is_watermark_invalid(0), self.stored
        behind = {one for one, it in self.profiles.items() if watermark is None or is_behind_watermark(it, watermark)}
        if is_invalid or watermark is None:
            behind |= {one for one, offsets in self.profiles.items() if self.lists.get(one) != offsets}
            watermark = {}
        next_offsets = {}
        for offsets in self.profiles.values():
            for source, offset in offsets.items():
                next_offsets[source] = max(offset + 1, next_offsets.get(source, 0))
        profiles = {user: Profile(applied_offsets=self.profiles[user]) for user in behind}
        self.queue.adopt(0, profiles, watermark, next_offsets)

    def _check_listed(self, watermark, end):
        """Users of whom all actions are below the watermark have lists that count these; the others are adopted.

        Actions from `end` on are delivered again, and make their users pending: the lists of these may be dropped.
        """
        actions, again = self.log[:end], {user for _, _, user in self.log[end:]}
        adopted = {user for source, offset, user in actions if offset >= watermark.get(source, 0)}
        self._check(watermark, [one for one in actions if one[2] not in adopted | again], lacking={})

    def _check(self, watermark, actions, lacking):
        """Each action below the watermark is in its user's list; `lacking` stands for the offsets of a missing one."""
        for source, offset, user in actions:
            is_counted = self.lists.get(user, lacking).get(source, -1) >= offset
            assert is_counted or offset >= watermark.get(source, 0), (source, offset, user, watermark)


TestWatermarkInvariant = WatermarkInvariant.TestCase
TestWatermarkInvariant.settings = settings(max_examples=400, stateful_step_count=30, deadline=None)


def profile(**offsets):
    """A profile by its applied offsets: `profile(s0=7)` has applied offset 7 of source 0."""
    return Profile(applied_offsets={int(source[1:]): offset for source, offset in offsets.items()})


def adopted_queue(*due, present=()):
    queue = RefreshQueue(Users(*(due or "ab"), present=present))
    queue.adopt(0, {}, {}, {})
    return queue


def test_the_watermark_is_the_first_action_that_no_list_counts():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)])
    queue.add(0, {"b": profile(s0=9)}, [SourceOffset(0, 8), SourceOffset(0, 9)])
    assert queue.watermarks()[0].listed == {0: 7}
    assert list(queue.next_batch(Priority.DUE, 1)) == ["a"]
    assert queue.watermarks()[0].listed == {0: 7}
    queue.complete()
    assert queue.watermarks()[0].listed == {0: 8}
    queue.next_batch(Priority.DUE, 1)
    queue.complete()
    assert queue.watermarks()[0].listed == {0: 10}


def test_an_action_that_arrives_while_its_user_is_in_work_is_pending_for_the_next_batch():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)])
    queue.next_batch(Priority.DUE, 16)
    queue.add(0, {"a": profile(s0=8)}, [SourceOffset(0, 8)])
    queue.complete()
    assert queue.watermarks()[0].listed == {0: 8}
    assert queue.next_batch(Priority.DUE, 16) == {"a": profile(s0=8)}


def test_requeued_users_are_ranked_from_their_newest_profile():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7), "b": profile(s0=7)}, [SourceOffset(0, 6), SourceOffset(0, 7)])
    queue.next_batch(Priority.DUE, 16)
    queue.add(0, {"a": profile(s0=8)}, [SourceOffset(0, 8)])
    queue.requeue()
    assert queue.watermarks()[0].listed == {0: 6}
    assert queue.next_batch(Priority.DUE, 16) == {"a": profile(s0=8), "b": profile(s0=7)}


def test_a_watermark_has_an_offset_for_each_source():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7, s5=3)}, [SourceOffset(0, 7), SourceOffset(5, 3)])
    queue.add(0, {"a": profile(s0=9, s5=3)}, [SourceOffset(0, 9)])
    assert queue.watermarks()[0].listed == {0: 7, 5: 3}


def test_a_partition_has_no_watermark_before_it_is_adopted():
    queue = RefreshQueue(Users("a", "b"))
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)])
    queue.next_batch(Priority.DUE, 1)
    queue.complete()
    assert queue.watermarks() == {}
    queue.adopt(0, {"b": profile(s0=5)}, {0: 4}, {0: 6})
    assert queue.watermarks()[0].listed == {0: 4}
    assert queue.next_batch(Priority.DUE, 1) == {"b": profile(s0=5)}
    queue.complete()
    assert queue.watermarks()[0].listed == {0: 8}


def test_users_of_a_partition_that_moved_are_dropped():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)])
    queue.add(1, {"b": profile(s1=7)}, [SourceOffset(1, 7)])
    queue.next_batch(Priority.DUE, 1)
    queue.retain_partitions({1})
    queue.requeue()
    assert queue.watermarks() == {}
    assert list(queue.next_batch(Priority.DUE, 16)) == ["b"]


def test_a_profile_is_behind_a_watermark_if_it_has_applied_an_action_at_or_above_it():
    assert not is_behind_watermark({0: 7}, {0: 8})
    assert is_behind_watermark({0: 8}, {0: 8})
    assert is_behind_watermark({0: 7, 3: 0}, {0: 8})


def test_an_invalid_watermark_is_not_stored_until_the_partition_is_adopted_again():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)])
    queue.next_batch(Priority.DUE, 16)
    queue.complete()
    assert queue.watermarks()[0].listed == {0: 8}
    queue.invalidate_watermark(0)
    assert (queue.watermarks(), queue.adopted(0), queue.is_watermark_invalid(0)) == ({}, False, True)
    queue.adopt(0, {"a": profile(s0=7)}, {}, {0: 8})
    assert (queue.watermarks()[0].listed, queue.is_watermark_invalid(0)) == ({0: 0}, False)


def test_complete_returns_when_each_users_first_action_was_logged():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)], 100.0)
    queue.add(0, {"a": profile(s0=8), "b": profile(s0=9)}, [SourceOffset(0, 8), SourceOffset(0, 9)], 101.0)
    queue.next_batch(Priority.DUE, 1)
    queue.add(0, {"a": profile(s0=10)}, [SourceOffset(0, 10)], 102.0)
    assert queue.complete() == [100.0]
    queue.next_batch(Priority.DUE, 2)
    assert sorted(queue.complete()) == [101.0, 102.0]
    assert queue.complete() == []


def test_a_requeued_user_keeps_the_time_of_the_first_action():
    queue = adopted_queue()
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)], 100.0)
    queue.next_batch(Priority.DUE, 1)
    queue.add(0, {"a": profile(s0=8)}, [SourceOffset(0, 8)], 105.0)
    queue.requeue()
    queue.next_batch(Priority.DUE, 1)
    assert queue.complete() == [100.0]


def test_a_user_pending_since_an_earlier_owner_has_no_time():
    queue = RefreshQueue(Users("a", "b"))
    queue.adopt(0, {"a": profile(s0=7)}, {0: 7}, {0: 8})
    queue.next_batch(Priority.DUE, 1)
    assert queue.complete() == []


def take_first(queue, most=16):
    priority = queue.first_priority
    return priority, list(queue.next_batch(priority, most))


def test_who_asked_comes_before_those_who_were_pending_longer():
    queue = adopted_queue("looks", present=["was here"])
    profiles = {user: profile(s0=7) for user in ("import 1", "import 2", "was here", "looks")}
    queue.add(0, profiles, [SourceOffset(0, 7)])
    assert take_first(queue) == (Priority.DUE, ["looks"])
    queue.complete()
    assert take_first(queue) == (Priority.OUTDATED, ["import 1", "import 2", "was here"])
    queue.complete()
    assert take_first(queue) == (Priority.PRESENT, ["was here"])
    queue.complete()
    assert take_first(queue, 1) == (Priority.ABSENT, ["import 1"])
    queue.complete()
    queue.add(0, {"looks": profile(s0=8)}, [SourceOffset(0, 8)])
    assert take_first(queue) == (Priority.DUE, ["looks"])


def test_actions_in_a_row_are_one_pending_refresh():
    queue = adopted_queue("a")
    for offset in range(7, 12):
        queue.add(0, {"a": profile(s0=offset)}, [SourceOffset(0, offset)])
    assert queue.next_batch(Priority.DUE, 16) == {"a": profile(s0=11)}
    queue.complete()
    assert not queue


def test_a_dropped_list_holds_back_only_the_watermark_of_lists_that_were_made():
    queue = adopted_queue("nobody")
    queue.add(0, {"a": profile(s0=7)}, [SourceOffset(0, 7)], 100.0)
    assert queue.watermarks()[0] == ({0: 7}, {0: 7})
    take_first(queue)
    assert queue.complete() == [100.0]
    assert queue.watermarks()[0] == ({0: 7}, {0: 8})
    queue.add(0, {"a": profile(s0=9)}, [SourceOffset(0, 9)], 101.0)
    assert queue.watermarks()[0] == ({0: 7}, {0: 9})
    take_first(queue)
    assert queue.complete() == [101.0]
    assert take_first(queue) == (Priority.ABSENT, ["a"])
    assert queue.dropped_in_work == ["a"]
    assert queue.complete() == []
    assert queue.watermarks()[0] == ({0: 10}, {0: 10})


def test_a_user_who_asks_is_promoted():
    queue = adopted_queue("nobody")
    queue.add(0, {"a": profile(s0=7), "b": profile(s0=7)}, [SourceOffset(0, 7)])
    queue.promote("b")
    assert take_first(queue) == (Priority.DUE, ["b"])
    assert queue.dropped_in_work == []
    queue.complete()
    take_first(queue)
    queue.complete()
    queue.promote("a")
    assert take_first(queue) == (Priority.DUE, ["a"])
    assert queue.dropped_in_work == ["a"]


def test_an_erased_user_is_done_when_the_list_is_dropped():
    queue = adopted_queue("nobody")
    queue.add(0, {"a": Profile(applied_offsets={0: 7}, erasure_offset=7)}, [SourceOffset(0, 7)])
    take_first(queue)
    queue.complete()
    assert not queue
