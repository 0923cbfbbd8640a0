#!/bin/sh
# Runs the unit and contract tests on one version of Python, in an environment of its own: sh tests/run_on_python.sh 3.13
# Says so and succeeds if that version is not there.
set -eu
version=$1
environment=.venv-$version

find_python() {
    for program in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
        if "$program" --version 2>/dev/null | grep -q "^Python $version\."; then
            command -v "$program"
            return
        fi
    done
    uv python find --no-python-downloads "$version" 2>/dev/null || true
}

program=$(find_python)
if [ -z "$program" ]; then
    echo "Python $version is not here: skipped"
    exit 0
fi
if [ ! -e "$environment/.ready" ] || [ requirements-dev.lock -nt "$environment/.ready" ]; then
    echo "Installing what the tests need for Python $version into $environment ..."
    "$program" -m venv "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .
    touch "$environment/.ready"
fi
echo "Testing on $("$environment/bin/python" --version) ..."
"$environment/bin/python" -m pytest -q tests/unit tests/contracts
