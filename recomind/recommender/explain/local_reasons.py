"""Why a video is in a list, by place and hour: `Popular in your country this evening`."""

from typing import Final

import numpy as np

from recomind.model.local_context import country_of, quarter_of
from recomind.model.responses import Reason
from recomind.recommender.index.video_index import VideoIndex
from recomind.recommender.local_rates import local_rates

SOURCE: Final = "local"

MIN_LOG_ODDS: Final = 0.4
"""From here on, a video does so much better in the local context that it is said: half as many likes again."""

MIN_SHARE: Final = 0.25
"""The least share that the country or the hour has in it to be named."""

HOURS: Final = ("at this time of night", "this morning", "this afternoon", "this evening")
"""By quarter of the day."""


def local_reason(index: VideoIndex, video_id: str, local: str) -> tuple[Reason, ...]:
    """The reason for a video in a list that was ranked for a local context, if there is one."""
    row = index.rows.get(video_id)
    if row is None or not local:
        return ()
    by_country, by_hour, by_both = local_rates(index, np.array([row]), local)[0].tolist()
    total = by_country + by_hour + by_both
    if total < MIN_LOG_ODDS:
        return ()
    has_both = by_both >= MIN_SHARE * total
    places = "in your country" if country_of(local) and (has_both or by_country >= MIN_SHARE * total) else ""
    hours = HOURS[int(quarter)] if (quarter := quarter_of(local)) and (has_both or by_hour >= MIN_SHARE * total) else ""
    named = " ".join(filter(None, (places, hours)))
    strength = round(float(1 - np.exp(-total)), 4)
    return (Reason(SOURCE, "popularity", strength, f"Popular {named}"),) if named else ()
