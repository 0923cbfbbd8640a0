"""A change of the catalogue as a record of the topic `video_catalogue`: the whole entry, or that there is none."""

from typing import Final

import msgspec

from recomind.model.catalogue import Video
from recomind.model.ids import VideoId


class CatalogueChange(msgspec.Struct, frozen=True, array_like=True):
    """What the catalogue says of a video after a change."""

    video_id: VideoId
    version: int
    """Number of the change; a later change of the video has a larger one."""
    video: Video | None
    """The entry; None if the video was deleted."""


ALL_VIDEOS: Final = ""
"""Stands in the place of an id for all videos: the catalogue was emptied, or has to be read again."""

encode_change = msgspec.msgpack.Encoder().encode
decode_change = msgspec.msgpack.Decoder(CatalogueChange).decode


def change_of(video: Video) -> CatalogueChange:
    """The change that made an entry."""
    return CatalogueChange(video.video_id, video.version, video)
