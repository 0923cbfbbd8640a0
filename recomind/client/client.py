"""`Client`: a method for each endpoint, named after its handler."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from recomind.client.connection import Connection
from recomind.client.tokens import Tokens
from recomind.errors import BusyError
from recomind.model.catalogue import UserDetails, VideoDetails, VideoEntry, VideoSummary
from recomind.model.events import ActionType, VideoAction
from recomind.model.responses import (
    ActionOutcome,
    ChangeProgress,
    ChangeReceipt,
    ErasureProgress,
    ErasureReceipt,
    Explanation,
    Feed,
    ProfileSummary,
    SimilarUser,
    TrendingVideo,
)
from recomind.model.text import DOTS_MARK

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


class Client:
    """Client of RecoMind's HTTP API.

    Every method raises an `ApiError` if the response is an error: `RequestError` (correct the request),
    `KeyRefusedError` (use another API key), `BusyError` (busy, also when retried), `UnreachableError` (no answer).
    """

    def __init__(
        self,
        base: str = "http://127.0.0.1:6066",
        *,
        key: str | None = None,
        timeout: float = 10.0,
        patience: float = 5.0,
    ) -> None:
        """Create a client; it connects at the first request.

        Args:
            base: address of a worker or a load balancer.
            key: API key, if the workers require one.
            timeout: seconds within which each attempt must be answered.
            patience: seconds for which `recommendations` waits until the list includes the posted actions.
        """
        self._connection = Connection(base, key, timeout)
        self._patience = patience
        self._tokens = Tokens()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def recommendations(self, user_id: str, *, n: int | None = None, after: str | None = None) -> Recommendations:
        """The user's top videos.

        It waits, up to the client's patience, until the list includes the action of the token `after`, or else the
        user's actions that this client has posted; `counted` says whether it does.
        """
        token, deadline = after or self._tokens.pending(user_id), time.monotonic() + self._patience
        while True:  # a worker waits up to a second per request
            path, query = f"/recommendations/{_quoted(user_id)}", {"n": n, "after": token}
            response = self._connection.request("GET", path, query)
            found = _recommendations(response.data, response.headers)
            if token and found.counted:
                self._tokens.discard(user_id, token)
            if found.counted or time.monotonic() > deadline:
                return found

    def post_action(
        self,
        user_id: str,
        video_id: str,
        action_type: ActionType,
        *,
        timestamp: datetime | None = None,
        event_id: UUID | None = None,
        list_id: str | None = None,
    ) -> ActionOutcome:
        """Report an action of a user. It gets an event id, so that it counts once although it may be sent twice.

        `list_id` names the list in which the user found the video: that of `recommendations` or `feed`.
        """
        action = VideoAction(
            user_id=user_id,
            video_id=video_id,
            action_type=action_type,
            timestamp=timestamp,
            event_id=event_id,
            list_id=list_id or None,
        )
        outcome = self._send("POST", "/video_action", _identified(action), ActionOutcome)
        self._remember_tokens([action], [outcome])
        return outcome

    def post_actions(self, actions: Iterable[VideoAction]) -> list[ActionOutcome]:
        """Report up to 1,000 actions; returns the outcome of each, in their order."""
        sent = [_identified(action) for action in actions]
        outcomes = self._send("POST", "/video_actions", sent, list[ActionOutcome])
        self._remember_tokens(sent, outcomes)
        return outcomes

    def trending(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> list[VideoSummary]:
        """The most popular videos now, in a `window` (1h, 24h, 7d), or of a tag."""
        return self._get("/trending", list[VideoSummary], n=n, window=window, tag=tag)

    def trending_details(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> list[TrendingVideo]:
        """As `trending`, with counts and rates."""
        return self._get("/trending/details", list[TrendingVideo], n=n, window=window, tag=tag)

    def put_video(
        self,
        video_id: str,
        *,
        title: str,
        url: str = "",
        tags: Sequence[str] = (),
        creator_id: str | None = None,
        created_at: datetime | None = None,
        hidden: bool | None = None,
        expires_at: datetime | UnsetType | None = UNSET,
    ) -> VideoEntry:
        """Add or replace a video; what comes after `tags` stays as it is stored if it is not given.

        A hidden or expired video is in no list. `expires_at=None` removes the time.
        """
        details = VideoDetails(
            title=title,
            url=url,
            tags=tuple(tags),
            creator_id=UNSET if creator_id is None else creator_id,
            created_at=UNSET if created_at is None else created_at,
            hidden=UNSET if hidden is None else hidden,
            expires_at=expires_at,
        )
        return self._send("PUT", f"/videos/{_quoted(video_id)}", details, VideoEntry)

    def get_video(self, video_id: str) -> VideoEntry:
        """A video of the catalogue."""
        return self._get(f"/videos/{_quoted(video_id)}", VideoEntry)

    def delete_video(self, video_id: str) -> ChangeReceipt:
        """Take a video down, and delete it from the catalogue; `change_progress` reports the progress."""
        return self._send("DELETE", f"/videos/{_quoted(video_id)}", None, ChangeReceipt)

    def change_progress(self, video_id: str, receipt: str) -> ChangeProgress:
        """Progress of a change of a video: whether all workers have applied it."""
        return self._get(f"/videos/{_quoted(video_id)}/changes/{_quoted(receipt)}", ChangeProgress)

    def similar_videos(self, video_id: str, *, n: int | None = None) -> list[VideoSummary]:
        """Videos liked together with this one, the most similar first."""
        return self._get(f"/videos/{_quoted(video_id)}/similar", list[VideoSummary], n=n)

    def put_user(self, user_id: str, *, name: str = "") -> dict[str, str]:
        """Add or rename a user."""
        return self._send("PUT", f"/users/{_quoted(user_id)}", UserDetails(name=name), dict[str, str])

    def forget(self, user_id: str) -> ErasureReceipt:
        """Erase a user; `forgetting` reports the progress."""
        receipt = self._send("DELETE", f"/users/{_quoted(user_id)}", None, ErasureReceipt)
        token = self._tokens.pending(user_id)
        if token is not None:
            self._tokens.discard(user_id, token)  # no list will include it any more
        return receipt

    def forgetting(self, user_id: str, receipt: str) -> ErasureProgress:
        """Progress of an erasure; available for 7 days."""
        return self._get(f"/users/{_quoted(user_id)}/forgetting/{_quoted(receipt)}", ErasureProgress)

    def get_profile(self, user_id: str) -> ProfileSummary:
        """A user's preferred tags, recent likes and counts."""
        return self._get(f"/users/{_quoted(user_id)}/profile", ProfileSummary)

    def similar_people(self, user_id: str, *, n: int | None = None) -> list[SimilarUser]:
        """Users who recently liked the same videos, the most similar first."""
        return self._get(f"/users/{_quoted(user_id)}/similar", list[SimilarUser], n=n)

    def explain(self, user_id: str, video_id: str) -> Explanation:
        """Why a video is in a user's list, or why it is not."""
        return self._get(f"/explain/{_quoted(user_id)}/{_quoted(video_id)}", Explanation)

    def trending_feed(self, *, n: int | None = None, window: str | None = None, tag: str | None = None) -> Feed:
        """The most popular videos, with explanations."""
        return self._get("/feed", Feed, n=n, window=window, tag=tag)

    def feed(self, user_id: str, *, n: int | None = None) -> Feed:
        """The user's list, with the reasons for each video."""
        return self._get(f"/feed/{_quoted(user_id)}", Feed, n=n)

    def trending_events(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> Iterator[Feed]:
        """The trending feed, whenever it changes, without end."""
        return self._follow("/events/feed", n=n, window=window, tag=tag)

    def feed_events(self, user_id: str, *, n: int | None = None) -> Iterator[Feed]:
        """The user's feed, whenever it changes, without end."""
        return self._follow(f"/events/feed/{_quoted(user_id)}", n=n)

    def healthz(self) -> bool:
        """Whether the worker runs and has not failed."""
        return self._is_ok("/healthz")

    def readyz(self) -> bool:
        """Whether the worker has recovered the state of its partitions."""
        return self._is_ok("/readyz")

    def _get(self, path: str, response_type: type[Response], **query: Any) -> Response:
        return msgspec.json.decode(self._connection.request("GET", path, query).data, type=response_type)

    def _send(self, method: str, path: str, body: Any, response_type: type[Response]) -> Response:
        return msgspec.json.decode(self._connection.request(method, path, body=body).data, type=response_type)

    def _follow(self, path: str, **query: Any) -> Iterator[Feed]:
        events = self._connection.stream_events(path, query)
        return (msgspec.json.decode(data, type=Feed) for name, data in events if name == "list")

    def _is_ok(self, path: str) -> bool:
        try:
            self._connection.request("GET", path, retry=False)
        except BusyError:
            return False
        return True

    def _remember_tokens(self, actions: Sequence[VideoAction], outcomes: Sequence[ActionOutcome]) -> None:
        for action, outcome in zip(actions, outcomes, strict=True):
            if outcome.token:
                self._tokens.remember(action.user_id, outcome.token)


def _identified(action: VideoAction) -> VideoAction:
    """The action with an event id, so that it counts once although it may be sent more than once."""
    return action if action.event_id else msgspec.structs.replace(action, event_id=uuid4())


def _recommendations(body: bytes, headers: Mapping[str, str]) -> Recommendations:
    return Recommendations(
        msgspec.json.decode(body, type=tuple[VideoSummary, ...]),
        headers["X-RecoMind-Source"],
        float(headers["X-As-Of"]),
        float(headers["X-RecoMind-Lag"]),
        headers.get("X-RecoMind-After", "counted") == "counted",
        headers.get("X-RecoMind-Degraded", ""),
        headers.get("X-RecoMind-List", ""),
    )


def _quoted(segment: str) -> str:
    """A segment of a path. The ids "." and ".." get a mark, as they mean folders, also when they are quoted."""
    return quote(DOTS_MARK + segment if segment in (".", "..") else segment, safe="")
