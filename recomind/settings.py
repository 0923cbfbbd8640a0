"""Settings: one frozen value, read once from `RECOMIND_*` variables by the process's edge and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from recomind.errors import SettingsError

PREFIX: Final = "RECOMIND_"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; `RECOMIND_` and the field's name in capitals is its variable."""

    kafka_brokers: str = ""
    """`host:port,...` of Kafka. Empty: `recomind demo` and `recomind stack` start an embedded one."""

    postgres_dsn: str = ""
    """`postgresql://user:password@host:port/database`. Empty: embedded."""

    redis_url: str = ""
    """`redis://host:port/0`. Empty: embedded."""

    data_dir: str = ".recomind"
    """Folder of the embedded servers' data; a second start finds it again."""

    app_id: str = "recomind"
    """Name of the consumer group and prefix of the changelog topics."""

    partitions: int = 8
    """Partitions of every topic, the most workers that share the work. Cannot change while topics exist."""

    replication_factor: int = 1
    """Copies of every topic; 3 where there are three brokers."""

    web_host: str = "127.0.0.1"
    """Address that the HTTP endpoints listen on; 0.0.0.0 to be reached from other machines."""

    web_port: int = 6066
    """Port of the HTTP endpoints; Faust's usual one."""

    commit_interval: float = 1.0
    """Seconds between commits of offsets; what is repeated after a crash."""

    refresh_interval: float = 0.1
    """Seconds between refreshes of the lists of people with news."""

    trending_interval: float = 1.0
    """Seconds between merges of trending."""

    read_model_ttl: float = 2.0
    """Seconds for which a worker ranks with a video's figures before it reads them again from Redis."""

    slate_size: int = 50
    """Videos in a stored list; `?n=` asks for at most that many."""

    retrain_every: int = 20_000
    """Actions after which the item-item model is trained again."""

    retrain_interval: float = 3600.0
    """Seconds after which it is trained again at the latest, if there were any actions."""

    batch_limit: int = 1_000
    """Most actions in one `POST /video_actions`."""

    body_limit: int = 1_048_576
    """Largest HTTP body, in bytes."""

    streams_limit: int = 500
    """Most pages that may be open on one worker with news pushed to them; others ask again and again."""

    session_timeout: float = 10.0
    """Seconds without a heartbeat after which Kafka gives a worker's partitions to others."""

    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables.

        Raises:
            SettingsError: a value is not of its setting's kind or range, or a variable is unknown.
        """
        kinds = {field.name: type(field.default) for field in fields(cls)}
        given = {key[len(PREFIX) :].lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
        for name in given.keys() - kinds.keys():
            raise SettingsError(
                f"{PREFIX}{name.upper()} is no setting: unset it, or see docs/operations.md for its name"
            )
        read = {name: _read(name, value, kinds[name]) for name, value in given.items()}
        return replace(cls(), **read).checked()

    def checked(self) -> "Settings":
        """These settings, if their numbers are above zero.

        Raises:
            SettingsError: one is not.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and value <= 0:
                raise SettingsError(f"{PREFIX}{field.name.upper()}={value}: set a number above zero")
        return self

    def environ(self) -> dict[str, str]:
        """These settings as variables, for a child process."""
        return {f"{PREFIX}{field.name.upper()}": str(getattr(self, field.name)) for field in fields(self)}

    @property
    def data_path(self) -> Path:
        """`data_dir` as an absolute path."""
        return Path(self.data_dir).expanduser().resolve()


def _read(name: str, value: str, kind: type) -> Any:
    try:
        return kind(value.strip())
    except ValueError as error:
        expected = {int: "a whole number", float: "a number"}[kind]
        raise SettingsError(f"{PREFIX}{name.upper()}={value!r}: set {expected}") from error
