"""`Client`: a method for each endpoint, named after its handler."""

from collections.abc import Iterable, Sequence
from typing import Any, Self, TypeVar, Unpack
from uuid import uuid4

import msgspec

from recomind.client.action_fields import ActionFields
from recomind.client.catalogue import CatalogueCalls
from recomind.client.connection import Connection, quoted
from recomind.client.lists import ListCalls
from recomind.client.tokens import Tokens
from recomind.errors import BusyError
from recomind.model.action_types import ActionType
from recomind.model.catalogue import VideoSummary
from recomind.model.events import VideoAction
from recomind.model.receipts import ErasureProgress, ErasureReceipt, MergeProgress, MergeReceipt, SessionToMerge
from recomind.model.responses import ActionOutcome, Explanation, ProfileSummary, SimilarUser

Response = TypeVar("Response")


class Client(ListCalls, CatalogueCalls):
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

    def post_action(
        self,
        user_id: str,
        video_id: str,
        action_type: ActionType,
        **fields: Unpack[ActionFields],
    ) -> ActionOutcome:
        """Report an action of a user. It gets an event id, so that it counts once although it may be sent twice.

        `list_id` names the list in which the user found the video: that of `recommendations` or `feed`; `position` is
        the place there, 0 for the first. `VideoAction` describes the other fields.
        """
        given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None and value != ""}
        action = VideoAction(user_id=user_id, video_id=video_id, action_type=action_type, **given)
        outcome = self._send("POST", "/video_action", _identified(action), ActionOutcome)
        self._remember_tokens([action], [outcome])
        return outcome

    def post_actions(self, actions: Iterable[VideoAction]) -> list[ActionOutcome]:
        """Report up to 1,000 actions; returns the outcome of each, in their order."""
        sent = [_identified(action) for action in actions]
        outcomes = self._send("POST", "/video_actions", sent, list[ActionOutcome])
        self._remember_tokens(sent, outcomes)
        return outcomes

    def similar_videos(self, video_id: str, *, n: int | None = None) -> list[VideoSummary]:
        """Videos liked together with this one, the most similar first."""
        return self._get(f"/videos/{quoted(video_id)}/similar", list[VideoSummary], n=n)

    def forget(self, user_id: str) -> ErasureReceipt:
        """Erase a user; `forgetting` reports the progress."""
        receipt = self._send("DELETE", f"/users/{quoted(user_id)}", None, ErasureReceipt)
        token = self._tokens.pending(user_id)
        if token is not None:
            self._tokens.discard(user_id, token)  # no list will include it any more
        return receipt

    def forgetting(self, user_id: str, receipt: str) -> ErasureProgress:
        """Progress of an erasure; available for 7 days."""
        return self._get(f"/users/{quoted(user_id)}/forgetting/{quoted(receipt)}", ErasureProgress)

    def merge(self, user_id: str, session: str) -> MergeReceipt:
        """Merge an anonymous session (`session:...`) into a user; `merge_progress` reports the progress."""
        return self._send("POST", f"/users/{quoted(user_id)}/merge", SessionToMerge(session), MergeReceipt)

    def merge_progress(self, user_id: str, session: str, receipt: str) -> MergeProgress:
        """Progress of a merge; available for 7 days."""
        path = f"/users/{quoted(user_id)}/merge/{quoted(session)}/{quoted(receipt)}"
        return self._get(path, MergeProgress)

    def get_profile(self, user_id: str) -> ProfileSummary:
        """A user's preferred tags, recent likes and counts."""
        return self._get(f"/users/{quoted(user_id)}/profile", ProfileSummary)

    def similar_people(self, user_id: str, *, n: int | None = None) -> list[SimilarUser]:
        """Users who recently liked the same videos, the most similar first."""
        return self._get(f"/users/{quoted(user_id)}/similar", list[SimilarUser], n=n)

    def explain(
        self,
        user_id: str,
        video_id: str,
        *,
        scenario: str | None = None,
        filter: str | None = None,  # noqa: A002 the name of the parameter
        country: str | None = None,
        local_hour: int | None = None,
        timezone: str | None = None,
    ) -> Explanation:
        """Why a video is in a user's list, or why it is not; with other arguments, in the list that they ask for."""
        path = f"/explain/{quoted(user_id)}/{quoted(video_id)}"
        place = {"country": country, "local_hour": local_hour, "timezone": timezone}
        return self._get(path, Explanation, scenario=scenario, filter=filter, **place)

    def healthz(self) -> bool:
        """Whether the worker runs and has not failed."""
        return self._is_ok("/healthz")

    def readyz(self) -> bool:
        """Whether the worker has recovered the state of its partitions."""
        return self._is_ok("/readyz")

    def _send(self, method: str, path: str, body: Any, response_type: type[Response]) -> Response:
        return msgspec.json.decode(self._connection.request(method, path, body=body).data, type=response_type)

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
