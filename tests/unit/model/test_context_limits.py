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


ADDRESS, LATITUDE = "Marienplatz 1, 80331 Munich", "48.137 N"


@pytest.mark.parametrize("level", ["region", "country"])
@pytest.mark.parametrize("key", ["country", "region", "language", "device", "timezone", "local_hour"])
@pytest.mark.parametrize("value", [ADDRESS, LATITUDE, 48.137, True, None, "de-x-48137n-11575e", ""])
def test_a_value_of_another_form_is_dropped(level, key, value):
    retained = limited_context({key: value}, level, AT)
    assert retained in (None, {"language": "de"})


def test_values_are_retained_in_their_normal_form():
    sent = {"country": "de", "language": "pt_BR", "local_hour": "19.75", "device": "smart-tv", "timezone": "+02:00"}
    normal = {"country": "DE", "language": "pt-br", "local_hour": 19, "device": "smart-tv"}
    assert limited_context(sent, "region", AT) == normal | {"timezone": "+02:00"}
    assert limited_context(sent, "country", AT) == normal


@pytest.mark.parametrize("region", ["BY", "DE-BY", "usa", "Nordrhein-Westfalen", "Île-de-France", "Val d'Aosta"])
def test_a_region_is_a_code_or_a_name(region):
    assert limited_context({"region": region}, "region", AT) == {"region": region}


CONTEXTS_SENT = [
    CONTEXT,
    {"country": "de", "local_hour": "23.9"},
    {"country": "Germany", "local_hour": LATITUDE, "timezone": "Asia/Tokyo"},
    {"country": None, "local_hour": 24, "timezone": "Mars"},
    {"country": "DE", "local_hour": None, "timezone": "-01:30"},
]


@pytest.mark.parametrize("level", CONTEXT_LEVELS[:-1])
@pytest.mark.parametrize("sent", CONTEXTS_SENT)
def test_the_local_context_is_that_of_the_whole_context(level, sent):
    retained = limited_context(sent, level, AT) or {}
    assert read_local_context(retained, AT).key == read_local_context(sent, AT).key


@pytest.mark.parametrize("level", CONTEXT_LEVELS)
@pytest.mark.parametrize("sent", CONTEXTS_SENT)
def test_to_limit_twice_is_to_limit_once(level, sent):
    once = limited_context(sent, level, AT)
    assert limited_context(once or {}, level, AT) == (once or ({} if level == "all" else None))
