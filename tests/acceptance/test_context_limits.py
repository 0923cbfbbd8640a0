"""`RECOMIND_CONTEXT` limits what is archived of actions that another program has written to Kafka, too."""

import json
from dataclasses import replace

import pytest

from recomind.model.events import Action
from recomind.offline.verification.verify import verify
from recomind.stores.archive import Archive
from recomind.stream.log_replay import replay_log
from tests.acceptance.test_merging import merge, wait_until_done
from tests.conftest import workers

WHOLE = {"country": "de", "local_hour": 20, "language": "de-DE", "device": "Marienplatz 1", "latitude": 48.137}
SESSION = "session:one"


@pytest.mark.parametrize(
    ("level", "retained"), [("country", {"country": "DE", "local_hour": 20, "language": "de-de"}), ("none", None)]
)
async def test_the_archive_of_actions_from_kafka_is_limited_and_verified(new_stack, tmp_path, level, retained):
    settings = replace(new_stack.settings, context=level)
    context = json.dumps(WHOLE, sort_keys=True)
    users = [SESSION, *(f"u{number % 5}" for number in range(30))]
    actions = [Action(user, f"v{at % 9}", "like", 1.7e9 + at, context=context) for at, user in enumerate(users)]
    with workers(settings, tmp_path) as start:
        worker = start().wait_ready()
        await replay_log(settings, actions)
        await verify(settings, within=120)
        await wait_until_done(worker.base_url, await merge(worker.base_url, "u1", SESSION))
        report = await verify(settings, within=120)
        assert (report.differences, report.notes) == ([], [])
        assert await archived_contexts(settings) == [retained] * 31
        report = await verify(replace(settings, context="all"), within=120)
        assert report.differences == []
        assert report.notes == [
            "30 rows of video_actions have the context as another value of RECOMIND_CONTEXT keeps it"
        ]


async def archived_contexts(settings):
    """The contexts of all rows."""
    archive = Archive(settings.postgres_dsn, settings.postgres_pooling)
    await archive.open()
    try:
        return [row.context and json.loads(row.context) async for row in archive.all_actions()]
    finally:
        await archive.close()
