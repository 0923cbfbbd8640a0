"""The description: complete, with examples that are right."""

import json

import msgspec
import pytest

from recomind_web.examples import EXAMPLES
from recomind_web.openapi import describe
from recomind_web.routes import ROUTES

DESCRIBED = json.loads(describe(ROUTES, needs_key=True, largest=50))
SPOKEN = [route for route in ROUTES if route.answers is not None and route.opened_by in {"read", "write"}]


@pytest.mark.parametrize("route", SPOKEN, ids=lambda route: f"{route.method} {route.path}")
def test_every_endpoint_has_an_example_of_its_types(route):
    example = EXAMPLES[route.handler.__name__]
    msgspec.json.decode(msgspec.json.encode(example.answers), type=route.answers)
    if route.takes is not None:
        msgspec.json.decode(msgspec.json.encode(example.takes), type=route.takes)


def test_every_failure_tells_its_body_by_an_example():
    operations = [operation for path in DESCRIBED["paths"].values() for operation in path.values()]
    answers = [(status, answer) for one in operations for status, answer in one["responses"].items() if status >= "400"]
    for status, answer in answers:
        assert answer["content"]["application/problem+json"]["example"]["status"] == int(status)


def test_a_number_is_bounded_as_the_settings_say():
    parameters = DESCRIBED["paths"]["/trending"]["get"]["parameters"]
    [n] = [one["schema"] for one in parameters if one["name"] == "n"]
    assert (n["minimum"], n["maximum"], n["default"]) == (1, 50, 10)


def test_fields_are_told_as_in_the_source():
    assert DESCRIBED["components"]["schemas"]["Outcome"]["properties"]["token"]["description"].startswith("Its place")
