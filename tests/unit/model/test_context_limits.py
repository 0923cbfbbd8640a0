"""What is kept of a context."""

import pytest

from recomind.model.context_limits import CONTEXT_LEVELS, limited_context
from recomind.model.local_context import read_local_context
from recomind.settings import CONTEXTS

CONTEXT = {"country": "DE", "region": "BY", "timezone": "Europe/Berlin", "device": "phone", "latitude": 48.1}
AT = 1.7e9


@pytest.mark.parametrize(
    ("level", "retained"),
    [
        ("all", CONTEXT),
        ("region", {key: value for key, value in CONTEXT.items() if key != "latitude"}),
        ("country", {"country": "DE", "device": "phone", "local_hour": 23}),
        ("none", None),
    ],
)
def test_nothing_finer_than_the_level_is_retained(level, retained):
    assert limited_context(CONTEXT, level, AT) == retained


@pytest.mark.parametrize("level", CONTEXT_LEVELS[:-1])
def test_the_local_context_stays(level):
    retained = limited_context(CONTEXT, level, AT)
    assert read_local_context(retained, AT).key == read_local_context(CONTEXT, AT).key == "DE3"


@pytest.mark.parametrize("level", CONTEXT_LEVELS)
def test_nothing_stays_nothing(level):
    assert not limited_context({}, level, AT)


def test_the_setting_has_these_levels():
    assert CONTEXTS == CONTEXT_LEVELS
