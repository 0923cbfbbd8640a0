"""The part of `Client` that reads lists: recommendations, trending videos and feeds."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from recomind.client.connection import Connection, quoted
from recomind.client.tokens import Tokens
from recomind.model.catalogue import VideoSummary
from recomind.model.responses import Feed, Takedowns, TrendingVideo

Response = TypeVar("Response")


class Recommendations(msgspec.Struct, frozen=True):
    """A user's list, and its properties from the response headers."""

    videos: tuple[VideoSummary, ...]
    """Best first."""
    source: str
    """`cache`, `cold` (ranked on request) or `archive` (Redis is unavailable)."""
    as_of: float
    """Event time for which it was ranked, epoch seconds."""
    lag: float
    """How far it is behind the latest event time, in seconds."""
    counted: bool
    """Whether it includes the action of `after`, or else those that this client has posted; true if there are none."""
    degraded: str
    """The servers that were unavailable; empty if none."""
    list_id: str = ""
    """The id of the list, for `post_action`; empty if it has none."""
    end: bool = False
    """Whether it is shorter than `n` because the user has seen every other video."""
    ranker: str = ""
    """What ordered it, if a `ranker` was asked for: `hybrid`, if that was left out."""


class ListCalls:
    """Calls for lists."""

    _connection: Connection
    _tokens: Tokens
    _patience: float

    def recommendations(
        self,
        user_id: str,
        *,
        n: int | None = None,
        after: str | None = None,
        exclude: Iterable[str] = (),
        scenario: str | None = None,
        filter: str | None = None,  # noqa: A002 the name of the parameter
        country: str | None = None,
        local_hour: int | None = None,
        timezone: str | None = None,
        ranker: str | None = None,
    ) -> Recommendations:
        """The user's top videos, without those of `exclude`; of a `scenario`, and with a `filter` such as `tag:music`.

        It is the list for the `country` and the hour, `local_hour` or that of the `timezone`, if they are given.

        With a `ranker`, such as `popularity` or `source:tags`, it is what that ranker would give the user now. This is
        for operators: the key needs the scope `admin`, and the list counts as served to nobody.

        It waits, up to the client's patience, until the list includes the action of the token `after`, or else the
        user's actions that this client has posted; `counted` says whether it does.
        """
        exclude = tuple(exclude)
        token, deadline = after or self._tokens.pending(user_id), time.monotonic() + self._patience
        while True:  # a worker waits up to a second per request
            query = {"n": n, "after": token, "exclude": exclude, "scenario": scenario, "filter": filter}
            query |= {"country": country, "local_hour": local_hour, "timezone": timezone, "ranker": ranker}
            response = self._connection.request("GET", f"/recommendations/{quoted(user_id)}", query)
            found = _recommendations(response.data, response.headers)
            if token and found.counted:
                self._tokens.discard(user_id, token)
            if found.counted or time.monotonic() > deadline:
                return found

    def trending(
        self,
        *,
        n: int | None = None,
        window: str | None = None,
        tag: str | None = None,
        country: str | None = None,
    ) -> list[VideoSummary]:
        """The most popular videos now, in a `window` (1h, 24h, 7d) or of a tag, or in a `country`."""
        return self._get("/trending", list[VideoSummary], n=n, window=window, tag=tag, country=country)

    def trending_details(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> list[TrendingVideo]:
        """As `trending`, with counts and rates."""
        return self._get("/trending/details", list[TrendingVideo], n=n, window=window, tag=tag)

    def trending_feed(self, *, n: int | None = None, window: str | None = None, tag: str | None = None) -> Feed:
        """The most popular videos, with explanations."""
        return self._get("/feed", Feed, n=n, window=window, tag=tag)

    def feed(
        self,
        user_id: str,
        *,
        n: int | None = None,
        cursor: str | None = None,
        exclude: Iterable[str] = (),
        after: str | None = None,
        scenario: str | None = None,
        filter: str | None = None,  # noqa: A002 the name of the parameter
        country: str | None = None,
        local_hour: int | None = None,
        timezone: str | None = None,
    ) -> Feed:
        """The user's list, without the videos of `exclude`, and with the reasons for each.

        It waits up to a second until it counts the action of the token `after`, or else the user's actions that this
        client has posted.

        It is the list for the `country` and the hour, `local_hour` or that of the `timezone`, if they are given.

        With an empty `cursor` a feed session begins, which shows no video twice: pass on the `cursor` of each page to
        get the next one. After 24 hours a cursor has expired, which is a `RequestError`.
        """
        token = after or self._tokens.pending(user_id)
        query = {"n": n, "cursor": cursor, "exclude": tuple(exclude), "after": token}
        query |= {"scenario": scenario, "filter": filter}
        query |= {"country": country, "local_hour": local_hour, "timezone": timezone}
        response = self._connection.request("GET", f"/feed/{quoted(user_id)}", query)
        if token and response.headers.get("X-RecoMind-After") == "counted":
            self._tokens.discard(user_id, token)
        return msgspec.json.decode(response.data, type=Feed)

    def takedowns(self, *, since: float | None = None) -> Takedowns:
        """All videos that were taken down in the last hour, or `since` the `at` of an earlier answer.

        Whoever holds lists for a while asks for them again and again, and shows these videos no more.
        """
        return self._get("/takedowns", Takedowns, since=since)

    def trending_events(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> Iterator[Feed]:
        """The trending feed, whenever it changes, without end."""
        return self._follow("/events/feed", n=n, window=window, tag=tag)

    def feed_events(
        self,
        user_id: str,
        *,
        n: int | None = None,
        scenario: str | None = None,
        filter: str | None = None,  # noqa: A002 the name of the parameter
        country: str | None = None,
        local_hour: int | None = None,
        timezone: str | None = None,
    ) -> Iterator[Feed]:
        """The user's feed, whenever it changes, without end."""
        place = {"country": country, "local_hour": local_hour, "timezone": timezone}
        return self._follow(f"/events/feed/{quoted(user_id)}", n=n, scenario=scenario, filter=filter, **place)

    def _get(self, path: str, response_type: type[Response], **query: Any) -> Response:
        return msgspec.json.decode(self._connection.request("GET", path, query).data, type=response_type)

    def _follow(self, path: str, **query: Any) -> Iterator[Feed]:
        events = self._connection.stream_events(path, query)
        return (msgspec.json.decode(data, type=Feed) for name, data in events if name == "list")


def _recommendations(body: bytes, headers: Mapping[str, str]) -> Recommendations:
    return Recommendations(
        msgspec.json.decode(body, type=tuple[VideoSummary, ...]),
        headers["X-RecoMind-Source"],
        float(headers["X-As-Of"]),
        float(headers["X-RecoMind-Lag"]),
        headers.get("X-RecoMind-After", "counted") == "counted",
        headers.get("X-RecoMind-Degraded", ""),
        headers.get("X-RecoMind-List", ""),
        headers.get("X-RecoMind-End", "") == "true",
        headers.get("X-RecoMind-Ranker", ""),
    )
