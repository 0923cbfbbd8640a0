"""`Client`: a method for each endpoint, called as its handler is."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec

from recomind.client.connection import Connection
from recomind.client.tokens import Tokens
from recomind.errors import BusyError
from recomind.model.catalogue import Card, UserDetails, VideoDetails
from recomind.model.events import ActionType, VideoAction
from recomind.model.responses import (
    Explanation,
    Feed,
    Outcome,
    ProfileAnswer,
    Progress,
    Receipt,
    SimilarUser,
    Trend,
)

Answer = TypeVar("Answer")


class Recommendations(msgspec.Struct, frozen=True):
    """A person's list, and what is known of it."""

    videos: tuple[Card, ...]
    """Best first."""
    source: str
    """`cache`, `cold` (ranked now) or `archive` (Redis is away)."""
    as_of: float
    """Event time for which it was ranked, epoch seconds."""
    lag: float
    """Seconds of event time that it is behind."""
    counted: bool
    """Whether it counts what this client, or `after`, says that it has to; true where that is nothing."""
    degraded: str
    """The servers that were away; empty: none."""


class Client:
    """Asks RecoMind's HTTP API.

    Every method raises an `ApiError` where the answer is no: `RequestError` (mend the request), `KeyRefusedError` (show
    another key), `BusyError` (tried again in vain), `UnreachableError` (nobody answers).
    """

    def __init__(
        self,
        base: str = "http://127.0.0.1:6066",
        *,
        key: str | None = None,
        timeout: float = 10.0,
        patience: float = 5.0,
    ) -> None:
        """Nothing is asked yet.

        Args:
            base: address of a worker, or of what stands before several.
            key: an API key, where the workers want one.
            timeout: seconds within which a try has to be answered.
            patience: seconds that `recommendations` waits until a list counts what was posted.
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
        """The person's top videos; they count what this client has posted of her, or the action of the token `after`.

        It waits for that as long as the client's patience lasts; `counted` says whether it came.
        """
        token, end = after or self._tokens.of(user_id), time.monotonic() + self._patience
        while True:  # a worker waits for a second at most
            path, query = f"/recommendations/{_quoted(user_id)}", {"n": n, "after": token}
            response = self._connection.ask("GET", path, query)
            found = _recommendations(response.data, response.headers)
            if token and found.counted:
                self._tokens.seen(user_id, token)
            if found.counted or time.monotonic() > end:
                return found

    def post_action(
        self,
        user_id: str,
        video_id: str,
        action_type: ActionType,
        *,
        timestamp: datetime | None = None,
        event_id: UUID | None = None,
    ) -> Outcome:
        """Say what a person did; it counts once though it may be sent more than once."""
        action = VideoAction(
            user_id=user_id, video_id=video_id, action_type=action_type, timestamp=timestamp, event_id=event_id
        )
        outcome = self._put("POST", "/video_action", _identified(action), Outcome)
        self._remember([action], [outcome])
        return outcome

    def post_actions(self, actions: Iterable[VideoAction]) -> list[Outcome]:
        """Say what people did, up to 1,000 actions: what became of each, in their order."""
        sent = [_identified(action) for action in actions]
        outcomes = self._put("POST", "/video_actions", sent, list[Outcome])
        self._remember(sent, outcomes)
        return outcomes

    def trending(self, *, n: int | None = None, window: str | None = None, tag: str | None = None) -> list[Card]:
        """What is popular now, or in `window` (1h, 24h, 7d), or of a tag."""
        return self._get("/trending", list[Card], n=n, window=window, tag=tag)

    def trending_details(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> list[Trend]:
        """The same with counts, and how fast."""
        return self._get("/trending/details", list[Trend], n=n, window=window, tag=tag)

    def put_video(
        self,
        video_id: str,
        *,
        title: str,
        url: str = "",
        tags: Sequence[str] = (),
        creator_id: str | None = None,
        created_at: datetime | None = None,
    ) -> Card:
        """Add or replace a video."""
        details = VideoDetails(title=title, url=url, tags=tuple(tags), creator_id=creator_id, created_at=created_at)
        return self._put("PUT", f"/videos/{_quoted(video_id)}", details, Card)

    def get_video(self, video_id: str) -> Card:
        """A video of the catalogue."""
        return self._get(f"/videos/{_quoted(video_id)}", Card)

    def similar_videos(self, video_id: str, *, n: int | None = None) -> list[Card]:
        """Videos liked together with this one."""
        return self._get(f"/videos/{_quoted(video_id)}/similar", list[Card], n=n)

    def put_user(self, user_id: str, *, name: str = "") -> dict[str, str]:
        """Add or rename a person."""
        return self._put("PUT", f"/users/{_quoted(user_id)}", UserDetails(name=name), dict[str, str])

    def forget(self, user_id: str) -> Receipt:
        """Forget a person; `forgetting` says how far that has come."""
        receipt = self._put("DELETE", f"/users/{_quoted(user_id)}", None, Receipt)
        token = self._tokens.of(user_id)
        if token is not None:
            self._tokens.seen(user_id, token)  # no list will count it any more
        return receipt

    def forgetting(self, user_id: str, receipt: str) -> Progress:
        """Whether a person has been forgotten; told for 7 days."""
        return self._get(f"/users/{_quoted(user_id)}/forgetting/{_quoted(receipt)}", Progress)

    def get_profile(self, user_id: str) -> ProfileAnswer:
        """A person's top tags, latest likes and counts."""
        return self._get(f"/users/{_quoted(user_id)}/profile", ProfileAnswer)

    def similar_people(self, user_id: str, *, n: int | None = None) -> list[SimilarUser]:
        """People who lately liked the same videos."""
        return self._get(f"/users/{_quoted(user_id)}/similar", list[SimilarUser], n=n)

    def explain(self, user_id: str, video_id: str) -> Explanation:
        """Why a person is shown a video, or is not."""
        return self._get(f"/explain/{_quoted(user_id)}/{_quoted(video_id)}", Explanation)

    def trending_feed(self, *, n: int | None = None, window: str | None = None, tag: str | None = None) -> Feed:
        """What is popular, and how much."""
        return self._get("/feed", Feed, n=n, window=window, tag=tag)

    def feed(self, user_id: str, *, n: int | None = None) -> Feed:
        """The person's list, and why each video is in it."""
        return self._get(f"/feed/{_quoted(user_id)}", Feed, n=n)

    def trending_events(
        self, *, n: int | None = None, window: str | None = None, tag: str | None = None
    ) -> Iterator[Feed]:
        """The trending feed, again whenever it has changed, without end."""
        return self._follow("/events/feed", n=n, window=window, tag=tag)

    def feed_events(self, user_id: str, *, n: int | None = None) -> Iterator[Feed]:
        """The person's feed, again whenever it has changed, without end."""
        return self._follow(f"/events/feed/{_quoted(user_id)}", n=n)

    def healthz(self) -> bool:
        """Whether the worker lives and has not failed."""
        return self._is("/healthz")

    def readyz(self) -> bool:
        """Whether the worker has the state of its partitions."""
        return self._is("/readyz")

    def _get(self, path: str, kind: type[Answer], **query: Any) -> Answer:
        return msgspec.json.decode(self._connection.ask("GET", path, query).data, type=kind)

    def _put(self, method: str, path: str, body: Any, kind: type[Answer]) -> Answer:
        return msgspec.json.decode(self._connection.ask(method, path, body=body).data, type=kind)

    def _follow(self, path: str, **query: Any) -> Iterator[Feed]:
        events = self._connection.follow(path, query)
        return (msgspec.json.decode(data, type=Feed) for name, data in events if name == "list")

    def _is(self, path: str) -> bool:
        try:
            self._connection.ask("GET", path, patient=False)
        except BusyError:
            return False
        return True

    def _remember(self, actions: Sequence[VideoAction], outcomes: Sequence[Outcome]) -> None:
        for action, outcome in zip(actions, outcomes, strict=True):
            if outcome.token:
                self._tokens.remember(action.user_id, outcome.token)


def _identified(action: VideoAction) -> VideoAction:
    """The action with an id, so that sending it again does no harm."""
    return action if action.event_id else msgspec.structs.replace(action, event_id=uuid4())


def _recommendations(body: bytes, headers: Mapping[str, str]) -> Recommendations:
    return Recommendations(
        msgspec.json.decode(body, type=tuple[Card, ...]),
        headers["X-RecoMind-Source"],
        float(headers["X-As-Of"]),
        float(headers["X-RecoMind-Lag"]),
        headers.get("X-RecoMind-After", "counted") == "counted",
        headers.get("X-RecoMind-Degraded", ""),
    )


def _quoted(name: str) -> str:
    return quote(name, safe="")
