"""The agent `refresher`: those who look come first, outdated lists are dropped, and work that fails is done again."""

import asyncio
import time
from contextlib import nullcontext
from types import SimpleNamespace

import msgspec
import pytest
from faust.types import TP

from recomind.errors import UnavailableError
from recomind.model.catalogue import Video
from recomind.model.catalogue_changes import CatalogueChange
from recomind.model.served_lists import ServedListEvent, encode_served_list
from recomind.model.signals import SourceOffset
from recomind.runtime.refresh_queue import Priority
from recomind.runtime.served_list_window import promote_present
from recomind.settings import Settings
from recomind.state.profile import Profile
from recomind.stores import keys
from recomind.stores.archive import Archive
from recomind.stores.memory_store import InMemoryStore
from recomind.stores.read_model import ReadModel
from recomind.stream.batches import Batch
from recomind.worker import create_app
from recomind_agents.profiles import ProfileProcessor
from recomind_agents.refresher import Refresher
from recomind_tables import older_feedback, profiles, seen_blocks
from tests.unit.runtime.empty_served_lists import without_served_lists
from tests.unit.stream.records import action_record


@pytest.mark.parametrize("redis_is_away", [True, False])
async def test_users_still_pending_are_ranked_by_the_next_run(monkeypatch, redis_is_away):
    app = create_app(Settings(), ReadModel(InMemoryStore()), Archive(""))
    table = app.Table("profiles", value_type=Profile)
    await app._on_assigned(None, {TP("video_actions_stream", 0)})
    table._recovery, table._values, app.rebalancing = {}, {}, False
    refresher = Refresher(app)

    async def work(priority):
        if redis_is_away:
            raise UnavailableError("Redis", OSError("away"))
        app.refresh_queue.next_batch(priority, 9)
        app.refresh_queue.complete()

    monkeypatch.setattr(refresher, "work", work)
    app.refresh_queue.add(0, {"u": Profile()}, [SourceOffset(0, 5)])
    with pytest.raises(UnavailableError) if redis_is_away else nullcontext():
        await refresher.refresh()
    assert app.work_available.is_set() is redis_is_away


class Worker:
    """The agents of a worker of the only partition, over stores in memory."""

    def __init__(self):
        self.app = create_app(Settings(partitions=1), ReadModel(InMemoryStore()), Archive(""))
        self.app.send_records = self._send_nothing
        without_served_lists(self.app)
        self.list_count = 0
        blocks = seen_blocks.declare(self.app)
        older = older_feedback.declare(self.app)
        table = profiles.declare(self.app, blocks, older)
        for one in (blocks, older, table):
            one._values = {0: {}}
            one._recovery = {0: asyncio.create_task(asyncio.sleep(0))}
        self.processor, self.refresher = ProfileProcessor(self.app, table, blocks, older), Refresher(self.app)
        self.lists, self.offset = [], 0
        put_lists = self.app.read_model.put_lists

        async def note_and_put(lists):
            self.lists += lists
            await put_lists(lists)

        self.app.read_model.put_lists = note_and_put
        for number in range(40):
            video = Video(video_id=f"v{number}", title="T", tags=("t",), created_at=1e9 + number)
            self.app.ranking_cache.index.put_video(video)

    async def _send_nothing(self, topic, records):
        """Signals are not followed up."""

    async def act(self, *users, kind="like"):
        """One batch: an action of each user."""
        values = [{"user_id": user, "video_id": f"v{self.offset % 40}", "action_type": kind} for user in users]
        records = [
            action_record(msgspec.json.encode(value), self.offset + number, 0) for number, value in enumerate(values)
        ]
        self.offset += len(users)
        await self.processor.process(Batch("video_actions_stream", 0, records))

    async def ask(self, user):
        """What the agent `served_lists` does when a user has got a list."""
        event = ServedListEvent("l", user, 1.0, 0, ())
        served = SimpleNamespace(
            partition=0, value=encode_served_list(event), timestamp=time.time() * 1000, offset=self.list_count
        )
        self.list_count += 1
        promote_present(self.app, await self.app.served_window.put(0, [served]))

    async def work(self, *priorities):
        for priority in priorities:
            assert self.app.refresh_queue.first_priority is priority
            await self.refresher.work(priority)

    async def work_off(self):
        while (priority := self.app.refresh_queue.first_priority) is not None:
            await self.refresher.work(priority)


@pytest.fixture
async def worker():
    return Worker()


async def test_a_user_who_looks_gets_the_list_before_all_who_waited(worker):
    await worker.act(*(f"import{number}" for number in range(500)))
    await worker.ask("looks")
    await worker.act("looks")
    await worker.work(Priority.DUE)
    assert worker.lists == ["looks"]
    await worker.work(Priority.OUTDATED)
    await worker.act("looks")
    await worker.ask("looks")
    await worker.work(Priority.DUE)
    assert worker.lists == ["looks", "looks"]
    await worker.work_off()
    assert len(worker.lists) == 502
    assert len(await worker.app.read_model.lists_of([f"import{number}" for number in range(500)])) == 500


async def test_actions_in_a_row_make_one_list(worker):
    await worker.ask("looks")
    for _ in range(5):
        await worker.act("looks")
    await worker.work(Priority.DUE)
    assert worker.lists == ["looks"]
    await worker.act("looks")  # not asked for the list above: the next one is made when there is time
    await worker.work(Priority.OUTDATED, Priority.PRESENT)
    assert worker.app.refresh_queue.first_priority is None


async def test_an_outdated_list_is_dropped_and_top_tags_are_stored_without_ranking(worker):
    await worker.act("absent")
    await worker.work_off()
    assert await worker.app.read_model.list_of("absent") is not None
    store = worker.app.read_model.store
    await store.delete([keys.user_profile("absent")])
    await worker.act("absent")
    await worker.app.table_writers["profiles"].flush()
    assert await worker.app.read_model.list_of("absent") is None
    await worker.work(Priority.OUTDATED)
    assert await store.get_many([keys.user_profile("absent")]) == [b'["t"]']
    assert worker.lists == ["absent"]
    assert (await worker.app.read_model.list_including("absent", 0, 1)).is_counted
    assert worker.app.profile_archive._pending["absent"].top_tags == b'["t"]'


async def test_a_list_that_a_request_has_ranked_is_not_ranked_again(worker):
    await worker.act("asks")
    await worker.work(Priority.OUTDATED)
    model = worker.app.read_model
    stored = await model.stored_user("asks")
    ranked = worker.app.ranking_cache.list_for(stored.profile, 10)
    await model.put_list_if_absent("asks", ranked, stored.encoded, stored.erasure_offset)
    await worker.ask("asks")
    await worker.work(Priority.DUE)
    assert worker.lists == []
    assert not worker.app.refresh_queue


async def test_who_asks_while_waiting_comes_first(worker):
    await worker.act("first", "asks")
    await worker.work(Priority.OUTDATED)
    await worker.ask("asks")
    await worker.work(Priority.DUE)
    assert worker.lists == ["asks"]


@pytest.mark.parametrize("priority", [Priority.DUE, Priority.OUTDATED, Priority.ABSENT])
async def test_work_that_fails_is_done_again(worker, monkeypatch, priority):
    if priority is Priority.DUE:
        await worker.ask("u")
    await worker.act("u")
    if priority is Priority.ABSENT:
        await worker.work(Priority.OUTDATED)

    async def fail(*_):
        raise UnavailableError("Redis", OSError("away"))

    with monkeypatch.context() as patch:
        for name in ("set_and_publish", "set_many"):
            patch.setattr(worker.app.read_model.store, name, fail)
        with pytest.raises(UnavailableError):
            await worker.refresher.work(priority)
    assert worker.app.refresh_queue.first_priority is priority
    await worker.work_off()
    assert worker.lists[-1] == "u"
    assert await worker.app.read_model.list_of("u") is not None


async def test_an_erased_user_has_no_list_and_no_tags(worker):
    await worker.act("gone")
    await worker.work_off()
    record = action_record(b'{"user_id":"gone","action_type":"forget"}', worker.offset, 0)
    await worker.processor.process(Batch("video_actions_stream", 0, [record]))
    await worker.work(Priority.OUTDATED)
    names = [keys.recommendations("gone"), keys.recommendations_meta("gone"), keys.user_profile("gone")]
    assert await worker.app.read_model.store.get_many(names) == [None] * 3
    assert not worker.app.refresh_queue


async def test_idle_work_pauses_and_ends_the_pause_when_somebody_looks(worker, monkeypatch):
    await worker.act("absent", "looks")
    await worker.work(Priority.OUTDATED)
    monkeypatch.setattr(worker.refresher._idle_time, "pause_after", lambda _: 30.0)
    pausing = asyncio.create_task(worker.refresher._pause(Priority.ABSENT))
    await asyncio.sleep(0.01)
    assert not pausing.done()
    await worker.ask("looks")
    await asyncio.wait_for(pausing, 5)


async def test_freshness_does_not_count_the_time_before_the_worker_started(worker, monkeypatch):
    observed = []
    monkeypatch.setattr(worker.app.metrics, "observe_freshness", observed.append)
    await worker.act("u")  # logged in 1970
    await worker.work(Priority.OUTDATED)
    assert len(observed) == 1
    assert observed[0] < 5


async def test_a_user_who_gets_the_same_list_again_has_the_next_one_made_ahead(worker):
    await worker.act("looks")
    await worker.work(Priority.OUTDATED)
    for _ in range(2):
        await worker.ask("looks")
        await worker.act("looks")
        await worker.work(Priority.DUE)
    assert worker.lists == ["looks", "looks"]
    assert worker.app.served_window.presence.is_present("looks")


async def test_users_of_the_control_group_get_random_lists(worker):
    worker.app.ranking_cache.control_share = 1.0
    await worker.act("u")
    await worker.work_off()
    assert (await worker.app.read_model.list_of("u")).meta.is_control


async def test_a_list_with_a_video_that_was_taken_down_while_it_was_stored_is_dropped(worker, monkeypatch):
    catalogue, put_lists = worker.app.ranking_cache.loader.catalogue, worker.app.read_model.put_lists
    await worker.act("u")
    await worker.work(Priority.OUTDATED)

    async def put_and_take_down(lists):
        await put_lists(lists)
        catalogue.apply(CatalogueChange(lists["u"].meta.video_ids[0], 1, None))

    monkeypatch.setattr(worker.app.read_model, "put_lists", put_and_take_down)
    await worker.work(Priority.ABSENT)
    assert worker.lists == ["u"]
    assert await worker.app.read_model.list_of("u") is None
