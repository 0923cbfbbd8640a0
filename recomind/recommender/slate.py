"""What a person is shown: an ordered list, each video with the sources it comes from."""

import msgspec


class Pick(msgspec.Struct, frozen=True, gc=False):
    """A recommended video."""

    video_id: str
    score: float
    sources: dict[str, float]
    """Source to its share of the score."""


class Slate(msgspec.Struct, frozen=True, gc=False):
    """A person's list, best first."""

    picks: tuple[Pick, ...] = ()
    as_of: float = 0.0
    """Event time for which it was ranked, epoch seconds."""
    version: int = 0
    """Of the weights it was ranked with."""
