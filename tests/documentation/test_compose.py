"""The Compose file: valid, safe without being changed, and refused without passwords of one's own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from recomind.runtime.api_keys import find_key, parse_keys

ROOT = Path(__file__).parent.parent.parent
SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_PASSWORD", "RECOMIND_ADMIN_KEY", "RECOMIND_API_KEYS")


@pytest.fixture
def checkout(tmp_path):
    """What Compose reads, in a folder of its own."""
    (tmp_path / "deploy").mkdir()
    for name in ("docker-compose.yml", "Dockerfile", "deploy/make_env.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make_env(checkout):
    return subprocess.run(["sh", "deploy/make_env.sh"], cwd=checkout, capture_output=True, text=True, check=False)


def read_env(checkout):
    return dict(line.split("=", 1) for line in (checkout / ".env").read_text().splitlines())


def config(checkout, **environment):
    """What Compose makes of the file."""
    command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    if not shutil.which(command[0]) or (
        len(command) == 2 and subprocess.run([*command, "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("neither docker-compose nor docker's compose plug-in is installed")
    variables = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return subprocess.run(
        [*command, "config"],
        cwd=checkout,
        env={**variables, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_the_generated_passwords_the_file_is_valid(checkout):
    make_env(checkout)
    found = config(checkout)
    assert found.returncode == 0, found.stderr
    made = read_env(checkout)
    assert f"redis://:{made['REDIS_PASSWORD']}@redis:6379/0" in found.stdout
    assert f"postgresql://recomind:{made['POSTGRES_PASSWORD']}@postgres:5432/recomind" in found.stdout


@pytest.mark.parametrize("missing", SECRETS)
def test_without_one_of_the_secrets_compose_says_what_to_run(checkout, missing):
    given = {name: "x" for name in SECRETS if name != missing}
    refused = config(checkout, **given)
    assert refused.returncode != 0
    assert "run sh deploy/make_env.sh first" in refused.stderr


def test_every_port_is_published_on_this_machine_only():
    text = (ROOT / "docker-compose.yml").read_text()
    published = [line for block in re.findall(r"ports:\n((?:\s+- .*\n)+)", text) for line in block.split("\n") if line]
    assert len(published) == 3
    assert all(line.strip().startswith('- "127.0.0.1:') for line in published)


def test_redis_states_its_memory_and_evicts_nothing():
    text = (ROOT / "docker-compose.yml").read_text()
    assert "--maxmemory-policy noeviction" in text
    assert "MAXMEMORY: ${REDIS_MAXMEMORY:-1gb}" in text


def test_the_generated_keys_are_those_that_workers_accept(checkout):
    printed = make_env(checkout)
    made = read_env(checkout)
    keys = parse_keys(made["RECOMIND_API_KEYS"])
    app_key = re.search(r"shown only now: (\S+)", printed.stdout).group(1)
    assert find_key(keys, app_key).scopes == {"read", "write"}
    assert find_key(keys, made["RECOMIND_ADMIN_KEY"]).scopes == {"admin"}
    assert app_key not in (checkout / ".env").read_text()


def test_passwords_are_never_the_same_and_never_replaced(checkout):
    make_env(checkout)
    first = read_env(checkout)
    assert make_env(checkout).returncode == 1
    assert read_env(checkout) == first
    assert (checkout / ".env").stat().st_mode & 0o077 == 0
    (checkout / ".env").unlink()
    make_env(checkout)
    assert not {first[name] for name in SECRETS} & {read_env(checkout)[name] for name in SECRETS}


def test_prometheus_reads_the_key_from_the_file_that_compose_writes():
    [file] = re.findall(r"credentials_file: (\S+?)}", (ROOT / "deploy" / "prometheus.yml").read_text())
    assert f"> {file} &&" in (ROOT / "docker-compose.yml").read_text()
