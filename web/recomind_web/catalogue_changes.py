"""Changes of the catalogue: send them to all workers, take a video down, and ask how far a change has come.

A change is stored in PostgreSQL first, which orders the changes of a video. Then it is sent to the topic
`video_catalogue`, which every worker follows. If it cannot be sent, workers read it from PostgreSQL, a second later.
"""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from recomind.model.catalogue_changes import CatalogueChange, encode_change
from recomind.model.ids import Partition
from recomind.model.receipts import ChangeProgress, ChangeReceipt
from recomind.runtime.app import RecoMindApp
from recomind.stores import catalogue_progress
from recomind.stream import topics
from recomind.stream.connection import client_options
from recomind.stream.encoding import VERSION_HEADERS
from recomind.stream.log_reader import end_offsets
from recomind.stream.partitioner import partition_of
from recomind.stream.producer import ProducerRecord
from recomind_web.request_parsing import app_of, json_response, path_id

_RECEIPT: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


async def delete_video(request: web.Request) -> web.Response:
    """Take a video down, and delete it from the catalogue.

    The status is 202 once Kafka has acknowledged the change. The response has a receipt, with which progress can be
    queried. What users did with the video stays, so that a later `PUT` finds its counts. A video that is not in the
    catalogue can be deleted, too.
    """
    app, video_id = app_of(request), path_id(request, "video_id")
    receipt = await send_change(app, await app.archive.delete_video(video_id))
    return json_response(msgspec.json.encode(ChangeReceipt(video_id, receipt, datetime.now(UTC))), 202)


async def change_progress(request: web.Request) -> web.Response:
    """Progress of a change of a video: of a `DELETE`, or of a `PUT`, whose receipt is in a header.

    The state is `done` once all workers have applied it, and stored lists have been searched.
    """
    app, video_id, receipt = app_of(request), path_id(request, "video_id"), request.match_info["receipt"]
    found, partitions = _RECEIPT.fullmatch(receipt), app.options.partitions
    partition = partition_of(video_id, partitions)
    if found is None or int(found[1]) != partition or not await _is_issued(app, partition, int(found[2])):
        raise web.HTTPNotFound(text="there is no such receipt of this video")
    reports = await catalogue_progress.read(app.read_model.store)
    pending = catalogue_progress.pending_steps(reports, partition, int(found[2]), partitions)
    progress = ChangeProgress(video_id, receipt, "pending" if pending else "done", pending)
    return json_response(msgspec.json.encode(progress))


async def send_change(app: RecoMindApp, change: CatalogueChange) -> str:
    """Apply a change to this worker, and send it to the others; returns a receipt.

    Raises:
        UnavailableError: Kafka did not acknowledge it. Workers will read it from PostgreSQL.
    """
    app.ranking_cache.loader.catalogue.apply(change)
    partition = partition_of(change.video_id, app.options.partitions)
    record = ProducerRecord(change.video_id.encode(), encode_change(change), VERSION_HEADERS)
    [sent] = await app.kafka_producer.send(topics.CATALOGUE, partition, [record])
    return f"{partition}:{sent.offset}"


async def _is_issued(app: RecoMindApp, partition: Partition, offset: int) -> bool:
    """Whether the topic has come to an offset. Kafka is asked only if this worker has not read so far."""
    if offset < app.catalogue_stream.positions.get(partition, 0):
        return True
    ends = await end_offsets(client_options(app.options), topics.CATALOGUE, app.options.partitions)
    return offset < ends[partition]
