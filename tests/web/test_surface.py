"""The HTTP surface against its own description, by schemathesis: no 5xx, and answers as described, whatever is sent.

Its command line is run, as its plug-in does not work with the pytest we use.
"""

import subprocess
import sys
from pathlib import Path

from recomind_web.routes import ROUTES

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
LEFT_OUT = {
    "/": "a page: its type is checked by tests of the pages",
    "/ops": "a page, as above",
    "/events/operations": "a stream of events: it does not end",
    "/docs": "a page, as well",
    "/assets/{name}": "a file of a page: any type",
    "/events/feed": "a stream of events: it does not end",
    "/events/feed/{user_id}": "a stream of events: it does not end",
}


def test_whatever_is_sent_the_answer_is_as_described(worker, tmp_path):
    options = {"--checks": ",".join(CHECKS), "--phases": "coverage,fuzzing", "--max-examples": "60", "--seed": "1"}
    options["--generation-database"] = "none"
    left_out = [word for path in LEFT_OUT for word in ("--exclude-path", path)]
    command = [SCHEMATHESIS, "run", f"{worker.base}/openapi.json", "--no-color", *left_out]
    command += [word for option in options.items() for word in option]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    described = len(ROUTES) - 1  # schemathesis itself passes over the description, /openapi.json
    assert f"{described - len(LEFT_OUT)} selected / {described} total" in done.stdout
