"""Settings: one frozen value, read once from `RECOMIND_*` variables at the start of a process and passed down."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from recomind.errors import SettingsError

logger = logging.getLogger(__name__)

PREFIX: Final = "RECOMIND_"

SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
TRANSACTION_POOLING: Final = "transaction"
POOLING_MODES: Final = ("session", TRANSACTION_POOLING)

CONTEXTS: Final = ("all", "region", "country", "none")
"""As `recomind.model.context_limits` has them."""

MAX_EXPLORATION: Final = 0.2
"""One place in five may be drawn."""

MAX_CONTROL_SHARE: Final = 0.5

MAY_BE_ZERO: Final = ("exploration", "control_share")

MAX_PORT: Final = 65_535

URL_SCHEMES: Final = {
    "postgres_dsn": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
}
"""Setting to the schemes of its addresses."""

_SERVICE_LINK: Final = re.compile(
    r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""Names of variables that Kubernetes adds to every container for a Service whose name begins with recomind."""

_SERVICE_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://.*")
"""What it puts into the variable that ends with PORT, which may have the name of a setting: RECOMIND_WEB_PORT."""

_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings. The variable of a field is `RECOMIND_` and its name in capitals."""

    kafka_brokers: str = ""
    """`host:port,...` of Kafka's brokers. Empty: `recomind demo` and `recomind stack` start an embedded one."""

    kafka_security_protocol: str = "PLAINTEXT"
    """`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`, as configured at the brokers' listener."""

    kafka_ca_file: str = ""
    """PEM file of the certificate authorities to trust for the brokers. Empty: the system's."""

    kafka_sasl_mechanism: str = "PLAIN"
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."""

    kafka_user: str = ""
    """SASL user name."""

    kafka_password: str = field(default="", repr=False)
    """SASL password."""

    postgres_dsn: str = field(default="", repr=False)
    """`postgresql://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE`. Empty: embedded."""

    postgres_pooling: str = "session"
    """`session`, or `transaction` behind a pooler that gives each transaction another session, such as PgBouncer."""

    redis_url: str = field(default="", repr=False)
    """`redis://:password@host:port/0`, over TLS `rediss://...?ssl_ca_certs=FILE`. Empty: embedded."""

    data_dir: str = ".recomind"
    """Folder of the embedded servers' data, kept between starts."""

    app_id: str = "recomind"
    """Name of the consumer group and prefix of the changelog topics."""

    partitions: int = 8
    """Partitions of every topic, and so the most workers that can share the work. Fixed once the topics exist."""

    replication_factor: int = 1
    """Replicas of every topic; use 3 with three or more brokers."""

    web_host: str = "127.0.0.1"
    """Address that the HTTP server listens on; 0.0.0.0 makes it reachable from other machines."""

    web_port: int = 6066
    """Port of the HTTP server; the default is Faust's."""

    commit_interval: float = 1.0
    """Seconds between commits of offsets; after a crash, work since the last commit is repeated."""

    refresh_interval: float = 0.02
    """Minimum seconds between rounds of refreshing lists; an action after a longer pause is ranked at once."""

    publish_interval: float = 0.5
    """Seconds between writes of changed values to Redis; keep it below `read_model_ttl`, or caches are staler."""

    trending_interval: float = 1.0
    """Seconds between merges of the partitions' trending lists."""

    read_model_ttl: float = 2.0
    """Seconds for which a worker caches a video's values from Redis for ranking.

    Popularity comes by a Redis stream, read at every `publish_interval` and at least four times in this time.
    """

    exploration: float = 0.06
    """Share of the places of lists that are drawn for new uploads while there are any: 0 to 0.2."""

    control_share: float = 0.0
    """Share of the users who get random lists, as a control group to judge the like rate by: 0 to 0.5."""

    extensions: str = ""
    """`kind:name=package.module:Name,...`: sources, rankers, filters, arrangers beside those of installed packages."""

    active_extensions: str = ""
    """`name,...`: the sources, filters and arrangers among them that take part in every list."""

    extension_budget_ms: float = 50.0
    """Milliseconds that a call of an extension may take; its result is left out of the list if it takes longer."""

    anonymous_ttl: float = 2_592_000.0
    """Seconds after the last action of an anonymous session (`session:...`) until its state expires: 30 days."""

    slate_size: int = 50
    """Videos in a stored list, and the maximum of `?n=`."""

    retrain_every: int = 20_000
    """Actions after which the item-item model is retrained."""

    retrain_interval: float = 3600.0
    """Seconds after which it is retrained at the latest, if there were any actions."""

    batch_limit: int = 1_000
    """Maximum number of actions in one `POST /video_actions`."""

    api_keys: str = field(default="", repr=False)
    """API keys: `name:read+write+admin:hash,...`, as printed by `recomind key`. Empty: access without a key."""

    context: str = "all"
    """How much of the `context` of actions is stored, and over HTTP is logged: `all`, `region`, `country` or `none`."""

    context_headers: str = ""
    """`key=Header-Name,...`: request headers that a proxy sets, for country, region, timezone, device. Empty: none."""

    geoip_file: str = ""
    """GeoIP file (MaxMind DB), for the countries of requests that say none; needs the extra `geoip`. Empty: none."""

    rate_limit: float = 100.0
    """Sustained requests per second that an API key may make at one worker."""

    rate_burst: int = 200
    """Requests that an API key may make in a burst after a pause."""

    body_limit: int = 1_048_576
    """Maximum size of an HTTP body, in bytes."""

    cors_origins: str = ""
    """Origins whose pages may use the API: `https://app.example,...`, or `*` for all. Empty: only the worker's own."""

    connections_limit: int = 800
    """Maximum number of HTTP connections to one worker; a further one replaces one that is idle."""

    streams_limit: int = 500
    """Maximum number of event streams that are open at one worker; further pages poll instead."""

    session_timeout: float = 10.0
    """Seconds without a heartbeat after which Kafka assigns a worker's partitions to others."""

    watchdog_timeout: float = 120.0
    """Seconds without a commit, despite work and available servers, after which a worker exits."""

    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and validate the variables.

        Raises:
            SettingsError: a value has the wrong type or range, or a variable is unknown.
        """
        types = {one.name: type(one.default) for one in fields(cls)}
        given = {name.lower(): value for name, value in _given(environ).items()}
        for name in given.keys() - types.keys():
            raise SettingsError(
                f"{PREFIX}{name.upper()} is not a setting: unset it, or see docs/operations.md for its name"
            )
        parsed = {name: _parse(name, value, types[name]) for name, value in given.items()}
        return replace(cls(), **parsed).validated()

    def validated(self) -> "Settings":
        """These settings, if all values are in range and consistent.

        Raises:
            SettingsError: a value is not; the message contains no secret.
        """
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int | float) and value <= 0 and one.name not in MAY_BE_ZERO:
                raise SettingsError(f"{PREFIX}{one.name.upper()}={value}: set a number above zero")
        if not 0 <= self.exploration <= MAX_EXPLORATION:
            raise SettingsError(f"{PREFIX}EXPLORATION={self.exploration}: set a share from 0 to {MAX_EXPLORATION}")
        if not 0 <= self.control_share <= MAX_CONTROL_SHARE:
            raise SettingsError(f"{PREFIX}CONTROL_SHARE={self.control_share}: set a share up to {MAX_CONTROL_SHARE}")
        if self.web_port > MAX_PORT:
            raise SettingsError(f"{PREFIX}WEB_PORT={self.web_port}: set a port up to {MAX_PORT}")
        self._check_choice("kafka_security_protocol", SECURITY_PROTOCOLS)
        self._check_choice("kafka_sasl_mechanism", SASL_MECHANISMS)
        if self.kafka_uses_sasl and not (self.kafka_user and self.kafka_password):
            raise SettingsError(f"{self.kafka_security_protocol} needs RECOMIND_KAFKA_USER and RECOMIND_KAFKA_PASSWORD")
        self._check_choice("postgres_pooling", POOLING_MODES)
        self._check_choice("context", CONTEXTS)
        for name, schemes in URL_SCHEMES.items():
            _check_url(name, getattr(self, name), schemes)
        _check_brokers(self.kafka_brokers)
        return self

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise SettingsError(f"{PREFIX}{name.upper()}={value}: set one of {', '.join(choices)}")

    def environ(self) -> dict[str, str]:
        """These settings as environment variables, for a child process."""
        return {f"{PREFIX}{one.name.upper()}": str(getattr(self, one.name)) for one in fields(self)}

    @property
    def kafka_uses_tls(self) -> bool:
        """Whether connections to Kafka use TLS."""
        return self.kafka_security_protocol.endswith("SSL")

    @property
    def kafka_uses_sasl(self) -> bool:
        """Whether connections to Kafka use SASL authentication."""
        return self.kafka_security_protocol.startswith("SASL")

    @property
    def data_path(self) -> Path:
        """`data_dir` as an absolute path."""
        return Path(self.data_dir).expanduser().resolve()


def _parse(name: str, value: str, expected: type) -> Any:
    try:
        return expected(value.strip())
    except ValueError as error:
        description = {int: "a whole number", float: "a number"}[expected]
        raise SettingsError(f"{PREFIX}{name.upper()}={value!r}: set {description}") from error


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    """Our variables by name without the prefix. Those that Kubernetes has added are left out, with a warning."""
    ours = {name[len(PREFIX) :]: value for name, value in environ.items() if name.startswith(PREFIX)}
    added = [name for name, value in ours.items() if _is_service_link(name, value)]
    if added:
        logger.warning(
            "ignored, as Kubernetes adds them for a Service: %s; `enableServiceLinks: false` in the pod removes them",
            ", ".join(PREFIX + name for name in sorted(added)),
        )
    return {name: value for name, value in ours.items() if name not in added}


def _is_service_link(name: str, value: str) -> bool:
    if _SERVICE_LINK.fullmatch(name):
        return True
    return name.endswith("PORT") and _SERVICE_ADDRESS.fullmatch(value) is not None


def _check_brokers(value: str) -> None:
    for broker in filter(None, value.split(",")):
        if "://" in broker or not _HOST.fullmatch(broker.strip()):
            raise SettingsError(f"{PREFIX}KAFKA_BROKERS={value}: set host:port,host:port without a scheme")


def _check_url(name: str, value: str, schemes: tuple[str, ...]) -> None:
    """Reject a URL that drivers would parse wrongly: their own errors may contain a part of the password."""
    if value and value.partition("://")[0] not in schemes:
        raise SettingsError(f"{PREFIX}{name.upper()} does not begin with a scheme: set {schemes[0]}://host:port/name")
    try:
        hosts = urlsplit(value).netloc.rpartition("@")[2].split(",")
        is_valid = all(_HOST.fullmatch(host) for host in hosts)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise SettingsError(
            f"{PREFIX}{name.upper()} is not a URL of the form scheme://user:password@host:port/name: "
            "write / # ? @ : [ ] in a password as %2F %23 %3F %40 %3A %5B %5D"
        )
