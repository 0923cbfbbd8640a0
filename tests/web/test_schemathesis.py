"""Property-based tests of the HTTP API against its OpenAPI document, with schemathesis.

No request may cause a 5xx, and every response must match the document. The command line of schemathesis is used because
its pytest plug-in does not work with the version of pytest used here.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from recomind_web.routes import ROUTES

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
EXCLUDED = {
    "/": "an HTML page: tested in tests/browser",
    "/ops": "an HTML page",
    "/events/operations": "an event stream: it does not end",
    "/docs": "an HTML page",
    "/assets/{name}": "a file of a page: its media type varies",
    "/events/feed": "an event stream: it does not end",
    "/events/feed/{user_id}": "an event stream: it does not end",
}


LISTED = {"/experiments": "name", "/rules": "rule_id", "/scenarios": "name"}
"""What would change the lists of other tests: where it is listed, and the field with its name."""


def request(worker, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{worker.base_url}{path}", data, method=method)
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return json.loads(answer.read())


@pytest.fixture
def undone(worker):
    """Delete what changes lists, and bring live settings back: other tests use the same worker."""
    yield
    for path, field in LISTED.items():
        for entry in request(worker, "GET", path):
            request(worker, "DELETE", f"{path}/{quote(entry[field], safe='')}")
        assert request(worker, "GET", path) == []
    request(worker, "PUT", "/settings", {"exploration": None, "action_weights": None})


@pytest.mark.usefixtures("undone")
def test_every_response_matches_the_openapi_document(worker, tmp_path):
    options = {"--checks": ",".join(CHECKS), "--phases": "coverage,fuzzing", "--max-examples": "40", "--seed": "1"}
    options["--generation-database"] = "none"
    excluded = [word for path in EXCLUDED for word in ("--exclude-path", path)]
    command = [SCHEMATHESIS, "run", f"{worker.base_url}/openapi.json", "--no-color", *excluded]
    command += [word for option in options.items() for word in option]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert finished.returncode == 0, finished.stdout[-8000:] + finished.stderr[-2000:]
    total = len(ROUTES) - 1  # schemathesis skips /openapi.json
    assert f"{total - len(EXCLUDED)} selected / {total} total" in finished.stdout
