"""Settings: one frozen value, read once from `RECOMIND_*` variables by the process's edge and passed down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from recomind.errors import SettingsError

PREFIX: Final = "RECOMIND_"

SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings; `RECOMIND_` and the field's name in capitals is its variable."""

    kafka_brokers: str = ""
    """`host:port,...` of Kafka. Empty: `recomind demo` and `recomind stack` start an embedded one."""

    kafka_security_protocol: str = "PLAINTEXT"
    """`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`, as the brokers' listener has it."""

    kafka_ca_file: str = ""
    """PEM file of the authorities whose certificates brokers may show. Empty: the system's."""

    kafka_sasl_mechanism: str = "PLAIN"
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."""

    kafka_user: str = ""
    """Who we are to Kafka, with SASL."""

    kafka_password: str = field(default="", repr=False)
    """The password, with SASL."""

    postgres_dsn: str = field(default="", repr=False)
    """`postgresql://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE`. Empty: embedded."""

    redis_url: str = field(default="", repr=False)
    """`redis://:password@host:port/0`, over TLS `rediss://...?ssl_ca_certs=FILE`. Empty: embedded."""

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

    refresh_interval: float = 0.02
    """Least seconds between refreshes of the lists of people with news; the first who has any is ranked at once."""

    publish_interval: float = 0.5
    """Seconds between writes of what changed to the read model; less than `read_model_ttl`, or readers wait longer."""

    trending_interval: float = 1.0
    """Seconds between merges of trending."""

    read_model_ttl: float = 2.0
    """Seconds for which a worker ranks with a video's figures before it reads them again from Redis.

    Popularity comes by a feed, read at every `publish_interval` and at least four times in this time.
    """

    slate_size: int = 50
    """Videos in a stored list; `?n=` asks for at most that many."""

    retrain_every: int = 20_000
    """Actions after which the item-item model is trained again."""

    retrain_interval: float = 3600.0
    """Seconds after which it is trained again at the latest, if there were any actions."""

    batch_limit: int = 1_000
    """Most actions in one `POST /video_actions`."""

    api_keys: str = field(default="", repr=False)
    """Who may ask: `name:read+write+admin:hash,...`, as `recomind key` makes them. Empty: everybody."""

    rate_limit: float = 100.0
    """Requests a second that a key may make of a worker in the long run."""

    rate_burst: int = 200
    """Requests that a key may make at once after a pause."""

    body_limit: int = 1_048_576
    """Largest HTTP body, in bytes."""

    streams_limit: int = 500
    """Most pages that may be open on one worker with news pushed to them; others ask again and again."""

    session_timeout: float = 10.0
    """Seconds without a heartbeat after which Kafka gives a worker's partitions to others."""

    watchdog_timeout: float = 120.0
    """Seconds without a commit, though there is work and no server is away, after which a worker ends itself."""

    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables.

        Raises:
            SettingsError: a value is not of its setting's kind or range, or a variable is unknown.
        """
        kinds = {one.name: type(one.default) for one in fields(cls)}
        given = {key[len(PREFIX) :].lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
        for name in given.keys() - kinds.keys():
            raise SettingsError(
                f"{PREFIX}{name.upper()} is no setting: unset it, or see docs/operations.md for its name"
            )
        read = {name: _read(name, value, kinds[name]) for name, value in given.items()}
        return replace(cls(), **read).checked()

    def checked(self) -> "Settings":
        """These settings, if each is in its range and they agree.

        Raises:
            SettingsError: one is not; the message holds no secret.
        """
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int | float) and value <= 0:
                raise SettingsError(f"{PREFIX}{one.name.upper()}={value}: set a number above zero")
        self._check_choice("kafka_security_protocol", SECURITY_PROTOCOLS)
        self._check_choice("kafka_sasl_mechanism", SASL_MECHANISMS)
        if self.kafka_uses_sasl and not (self.kafka_user and self.kafka_password):
            raise SettingsError(f"{self.kafka_security_protocol} needs RECOMIND_KAFKA_USER and RECOMIND_KAFKA_PASSWORD")
        for name in ("postgres_dsn", "redis_url"):
            _check_address(name, getattr(self, name))
        return self

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise SettingsError(f"{PREFIX}{name.upper()}={value}: set one of {', '.join(choices)}")

    def environ(self) -> dict[str, str]:
        """These settings as variables, for a child process."""
        return {f"{PREFIX}{one.name.upper()}": str(getattr(self, one.name)) for one in fields(self)}

    @property
    def kafka_uses_tls(self) -> bool:
        """Whether brokers are reached over TLS."""
        return self.kafka_security_protocol.endswith("SSL")

    @property
    def kafka_uses_sasl(self) -> bool:
        """Whether we tell brokers who we are."""
        return self.kafka_security_protocol.startswith("SASL")

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


def _check_address(name: str, value: str) -> None:
    """Refuse what clients would take apart wrongly, in words of our own: theirs may hold a part of the password."""
    try:
        hosts = urlsplit(value).netloc.rpartition("@")[2].split(",")
        right = all(_HOST.fullmatch(host) for host in hosts)
    except ValueError:
        right = False
    if not right:
        raise SettingsError(
            f"{PREFIX}{name.upper()} is no URL of the form scheme://user:password@host:port/name: "
            "write / # ? @ : [ ] in a password as %2F %23 %3F %40 %3A %5B %5D"
        )
