"""An event of `served_lists`: which videos a user was shown, with the features that outcomes are learned from."""

import msgspec

from recomind.model.ids import UserId, VideoId


class ServedListEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A list that was handed out."""

    list_id: str
    user_id: UserId
    at: float
    """Event time at which it was handed out, epoch seconds."""
    version: int
    """Of the weights it was ranked with."""
    video_ids: tuple[VideoId, ...]
    """The places that were handed out, first to last."""
    shown: bytes = b""
    """Features of these places, see `recommender.served`; none where an earlier event of the same list has them."""
    scenario: str = "default"
    arms: dict[str, str] = {}
    """Experiment to the user's arm."""
    handed_out_at: float = 0.0
    """When it was handed out by the clock of the log, epoch seconds; 0 in events of earlier versions."""
    place_sources: bytes = b""
    """Which sources proposed each of these places, see `recommender.place_sources`."""
    is_control: bool = False
    """Whether it is a random list of the control group."""
    teams: bytes = b""
    """Of an interleaved list: whose each place is, a byte a place, see `recomind.stores.interleaved`."""
    is_ranker_left_out: bool = False
    """Whether a ranker that was to order it was left out, since it failed, is suspended or missing."""
    local: str = ""
    """The local context that the request said, also where the list does not depend on it; empty for none, and in events
    of earlier versions."""
    likely_country: str = ""
    """The country that counted if nothing else said one."""


encode_served_list = msgspec.msgpack.Encoder().encode
decode_served_list = msgspec.msgpack.Decoder(ServedListEvent).decode
