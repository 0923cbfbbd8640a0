"""The OpenAPI document: it is complete, and its examples are valid."""

import json

import msgspec
import pytest

from recomind_web.openapi import describe
from recomind_web.openapi_examples import EXAMPLES
from recomind_web.routes import ROUTES

DOCUMENT = json.loads(describe(ROUTES, needs_key=True, max_n=50))
JSON_ROUTES = [
    route for route in ROUTES if route.response_type is not None and route.required_scope in {"read", "write"}
]


@pytest.mark.parametrize("route", JSON_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_endpoint_has_an_example_with_its_types(route):
    example = EXAMPLES[route.handler.__name__]
    msgspec.json.decode(msgspec.json.encode(example.response), type=route.response_type)
    if route.body_type is not None:
        msgspec.json.decode(msgspec.json.encode(example.body), type=route.body_type)


def test_every_error_response_has_an_example():
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    errors = [(status, error) for each in operations for status, error in each["responses"].items() if status >= "400"]
    for status, error in errors:
        assert error["content"]["application/problem+json"]["example"]["status"] == int(status)


def test_the_parameter_n_has_the_limit_of_the_settings():
    parameters = DOCUMENT["paths"]["/trending"]["get"]["parameters"]
    [n] = [parameter["schema"] for parameter in parameters if parameter["name"] == "n"]
    assert (n["minimum"], n["maximum"], n["default"]) == (1, 50, 10)


def test_a_field_is_described_by_its_docstring():
    assert DOCUMENT["components"]["schemas"]["ActionOutcome"]["properties"]["token"]["description"].startswith(
        "Its position"
    )
