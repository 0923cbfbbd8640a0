"""What a program may say of an action beside user, video and type; `VideoAction` describes the fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from recomind.model.action_context import ContextValue


class ActionFields(TypedDict, total=False):
    """Optional fields of an action; None is the same as leaving one out."""

    timestamp: datetime | None
    event_id: UUID | None
    list_id: str | None
    watched_ms: int | None
    duration_ms: int | None
    position: int | None
    context: Mapping[str, ContextValue] | None
    undo: bool
