"""Headers that the operator trusts say where a user is, what parameters and actions say comes first, and none fails."""

import json
from collections import Counter
from types import SimpleNamespace

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from recomind.errors import SettingsError
from recomind.recommender.index.video_index import VideoIndex
from recomind_web import actions
from recomind_web.context_headers import CONTEXT_HEADERS_KEY, ContextHeaders
from recomind_web.list_requests import list_request
from recomind_web.local_requests import GEOIP_KEY, local_param
from recomind_web.problem_json import BadRequestError
from recomind_web.request_parsing import APP_KEY

HEADERS = ContextHeaders.parse("country=CF-IPCountry, timezone=X-Zone,region=X-Region,device=Sec-CH-UA-Mobile")
NOON = 1.7e9 - 1.7e9 % 86_400 + 12 * 3600


@pytest.mark.parametrize(
    ("sent", "found", "faulty"),
    [
        ({}, {}, []),
        ({"cf-ipcountry": "de", "X-Zone": "Europe/Berlin"}, {"country": "DE", "timezone": "Europe/Berlin"}, []),
        ({"CF-IPCountry": "XX", "X-Zone": "", "X-Region": "BY"}, {"region": "BY"}, []),
        ({"CF-IPCountry": "T1", "X-Region": "Marienplatz 1, Munich", "X-Zone": "Mars/Olympus"}, {}, ["c", "r", "t"]),
        ({"Sec-CH-UA-Mobile": "?1", "CF-IPCountry": "DE, FR"}, {"device": "phone"}, ["c"]),
        ({"Sec-CH-UA-Mobile": "?0"}, {"device": "desktop"}, []),
        ({"Sec-CH-UA-Mobile": '"Android"'}, {"device": "Android"}, []),
        ({"Sec-CH-UA-Mobile": "?1 or so", "X-Country": "DE"}, {}, ["d"]),
        ({"CF-IPCountry": "\udcff\udcfe", "X-Region": "x" * 9_000}, {}, ["c", "r"]),
    ],
)
def test_values_are_read_in_their_normal_form_and_others_are_counted(sent, found, faulty):
    noted = []
    assert HEADERS.read(CIMultiDict(sent), noted.append) == found
    assert sorted(key[0] for key in noted) == faulty


@pytest.mark.parametrize(
    "setting",
    [
        *("country", "country=", "city=X-City", "country=X,country=Y", "country=X Y", "=X", "local_hour=X-Hour"),
        *(",,", ",", "country=X,", "country=X,,region=Y", "country=X-A,region=X-A", "country=X-A,region=x-a"),
    ],
)
def test_a_setting_that_cannot_be_read_stops_the_start(setting):
    with pytest.raises(SettingsError, match="RECOMIND_CONTEXT_HEADERS"):
        ContextHeaders.parse(setting)


class CountedLabels(Counter):
    """Counts as a metric with one label does."""

    def labels(self, key):
        return SimpleNamespace(inc=lambda: self.update([key]))


def requested(path, headers, trusted=HEADERS):
    """The request of a path, and the metric of its faulty headers."""
    counter = CountedLabels()
    clock = SimpleNamespace(now=lambda: NOON)
    server = web.Application()
    server[APP_KEY] = SimpleNamespace(
        metrics=SimpleNamespace(unreadable_headers=counter),
        kafka_producer=SimpleNamespace(clock=clock),
        options=SimpleNamespace(batch_limit=100, context="all"),
        ranking_cache=SimpleNamespace(index=VideoIndex(), has_context=True),
    )
    server[CONTEXT_HEADERS_KEY], server[GEOIP_KEY] = trusted, None
    return make_mocked_request("GET", path, headers=headers, app=server), counter


SAID = {"CF-IPCountry": "DE", "X-Zone": "+09:00"}


@pytest.mark.parametrize(
    ("query", "headers", "local"),
    [
        ("", SAID, "DE3"),
        ("?country=AT", SAID, "AT3"),
        ("?local_hour=1", SAID, "DE0"),
        ("?timezone=-09:00", SAID, "DE0"),
        ("?country=AT&local_hour=1", SAID, "AT0"),
        ("?country=AT", {"CF-IPCountry": "nonsense"}, "AT"),
        ("", {"CF-IPCountry": "nonsense"}, ""),
        ("", {"X-Country": "DE"}, ""),
    ],
)
def test_parameters_come_before_headers(query, headers, local):
    request, counter = requested(f"/recommendations/u{query}", headers)
    assert local_param(request) == local
    assert counter["country"] == ("nonsense" in headers.values())


def test_a_parameter_that_cannot_be_read_is_refused_whatever_headers_say():
    with pytest.raises(BadRequestError):
        local_param(requested("/recommendations/u?country=Germany", SAID)[0])


def test_a_request_says_its_place_also_before_anything_is_counted_there():
    """It is recorded with the served list: a replay knows more of the place than this worker does."""
    assert list_request(requested("/recommendations/u?country=AT", SAID)[0], "u").local == "AT3"


def test_no_header_is_trusted_by_default():
    assert local_param(requested("/recommendations/u", SAID, ContextHeaders.parse(""))[0]) == ""


PHONE_IN_DE = {"country": "DE", "region": "BY", "device": "phone"}


def written(context, level="all", said=None, **fields):
    action = {"user_id": "u", "video_id": "v", "action_type": "like", **fields}
    action |= {} if context is None else {"context": context}
    sent = actions.validated(json.dumps(action).encode(), NOON, level)
    found = {"country": "DE", "region": "BY", "timezone": "+09:00", "device": "phone"} if said is None else said
    return json.loads(actions.with_header_context(sent, found, NOON, level).encode()).get("context")


@pytest.mark.parametrize(
    ("level", "own", "context"),
    [
        ("all", None, {"country": "DE", "region": "BY", "timezone": "+09:00", "device": "phone"}),
        ("country", None, {"country": "DE", "device": "phone", "local_hour": 21}),
        ("none", None, None),
        (
            "all",
            {"country": "AT", "local_hour": 3},
            {"country": "AT", "local_hour": 3, "region": "BY", "device": "phone"},
        ),
        ("country", {"timezone": "+00:00"}, {"local_hour": 12, "country": "DE", "device": "phone"}),
        ("all", {"timezone": "Mars", "x": None}, {**PHONE_IN_DE, "timezone": "+09:00", "x": None}),
        ("all", {"local_hour": 99}, {**PHONE_IN_DE, "local_hour": 99, "timezone": "+09:00"}),
        ("all", {"country": "Atlantis"}, {**PHONE_IN_DE, "timezone": "+09:00"}),
        ("all", {"country": None, "local_hour": 3}, {**PHONE_IN_DE, "local_hour": 3}),
        ("region", {"country": "Atlantis"}, {"country": "DE", "region": "BY", "timezone": "+09:00", "device": "phone"}),
    ],
)
def test_an_action_gets_what_its_context_does_not_say_within_the_limits(level, own, context):
    assert written(own, level) == context


def test_without_headers_and_without_room_an_action_is_as_it_came():
    assert written(None, said={}) is None
    full = {f"key{number}": number for number in range(16)}
    assert written(full) == full
    long = {"text": "x" * 1_000}
    assert written(long) == long


BY_U, BY_W = ({"user_id": user, "video_id": "v", "action_type": "like"} for user in "uw")


@pytest.mark.parametrize(
    ("batch", "country"),
    [
        ([BY_U, BY_U], "DE"),
        ([BY_U, BY_W], None),
        ([BY_U, BY_U | {"action_type": "nod"}], "DE"),
        ([BY_U, BY_W | {"action_type": "nod"}], None),
        ([BY_W | {"video_id": ""}, BY_U], None),
        ([BY_U, {"video_id": "v"}], None),
        ([BY_U, {"user_id": 7}], None),
        ([BY_U, "nonsense"], None),
    ],
)
async def test_headers_speak_of_a_batch_only_if_every_action_names_the_same_user(monkeypatch, batch, country):
    request, _ = requested("/video_actions", SAID)
    produced = []

    async def produce(_, sent):
        produced.extend(sent)
        return ["0:1"] * len(sent)

    async def items(*_):
        return [msgspec.Raw(json.dumps(one).encode()) for one in batch]

    monkeypatch.setattr(actions, "_produce", produce)
    monkeypatch.setattr(actions, "parse_body", items)
    await actions.post_actions(request)
    assert {(one.action.context or {}).get("country") for one in produced} == {country}
