"""Settings that change while workers run, and a change of one as a record of the topic `live_settings`.

A new one is a type here, an entry of `LIVE_SETTINGS`, and a function that applies it in
`recomind_agents.live_settings`. What its type checks is checked for every change.
"""

from typing import Annotated, Any, Final, NamedTuple

import msgspec

from recomind.model.action_weights import ActionWeights
from recomind.model.text import InvalidFieldError

MAX_EXPLORATION: Final = 0.2


class LiveSetting(NamedTuple):
    """A setting that can be changed while workers run."""

    type: Any
    """Of its value."""
    meaning: str
    """For documentation."""


LIVE_SETTINGS: Final = {
    "action_weights": LiveSetting(ActionWeights, "How much each action counts, by its type."),
    "exploration": LiveSetting(
        Annotated[float, msgspec.Meta(ge=0.0, le=MAX_EXPLORATION)], "Share of places that are drawn for new uploads."
    ),
}


class SettingChange(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed a setting, when, and to what."""

    name: str
    value: msgspec.Raw
    """As JSON; `null` for the value with which the worker was started."""
    changed_by: str
    """Name of the API key; empty where requests need none."""
    changed_at: float
    """Epoch seconds, by the clock of the log."""


encode_change = msgspec.json.Encoder().encode
decode_change = msgspec.json.Decoder(SettingChange).decode


def setting_value(name: str, value: bytes | msgspec.Raw) -> Any:
    """The value of a setting from JSON; None for `null`.

    Raises:
        InvalidFieldError: there is no such setting, or it cannot have this value.
    """
    setting = LIVE_SETTINGS.get(name)
    if setting is None:
        raise InvalidFieldError(name, f"there is no setting {name!r}: there are {', '.join(LIVE_SETTINGS)}")
    try:
        return msgspec.json.decode(value, type=setting.type | None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidFieldError(name, f"{name}: {error}") from error
