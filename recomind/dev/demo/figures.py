"""What the terminal says of the audience: its own share of likes, and the figures that the worker counts."""

from typing import Any, Final

import aiohttp

from recomind.dev.demo.traffic import Visits

PERIOD: Final = "15m"


async def describe(base_url: str, visits: Visits) -> str:
    """A line for the terminal; without the worker's figures if it does not give them."""
    own = f"{visits.count:,} visits; users liked {visits.like_share():.0%} of what they were shown in the last minute"
    overview = await _operations(base_url)
    return f"{own}; {describe_figures(overview)}" if overview else own


def describe_figures(overview: dict[str, Any]) -> str:
    """The worker's figures of the last 15 minutes, and those of a day where it has no others."""
    served, catalogue = overview["served"][PERIOD], overview["catalogue"] or {}
    explored = served["explored"]["like_rate"]
    parts = [
        f"/ops counts {_percent(served['like_rate'])} in 15 minutes, {_percent(served['control']['like_rate'])} in the "
        "control group",
        f"{_percent(served['lists_with_a_like'])} of the lists had a like",
        f"{_percent(served['explored_share'])} of the places explored, with {_percent(explored)} liked",
        f"{_percent(served['repeats'])} repeats",
    ]
    if catalogue:
        parts.append(f"{_percent(catalogue['coverage'])} of {catalogue['videos']:,} videos shown")
        parts.append(f"{_percent(catalogue['new_videos_seen'])} of {catalogue['new_videos']:,} new ones seen")
    return ", ".join(parts)


async def _operations(base_url: str) -> dict[str, Any] | None:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
            http.get(f"{base_url}/operations") as response,
        ):
            found: dict[str, Any] | None = await response.json() if response.status == 200 else None
            return found
    except (aiohttp.ClientError, TimeoutError):
        return None


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.0%}"
