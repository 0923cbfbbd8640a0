"""Kafka with TLS and SASL, PostgreSQL and Redis with TLS; the certificates are from a test authority."""

import asyncio
import json
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import replace

import asyncpg
import pytest
import trustme
from aiokafka.errors import KafkaConnectionError
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from recomind.dev.stack.kafka import Kafka
from recomind.dev.stack.postgres import Postgres
from recomind.dev.stack.redis import Redis
from recomind.errors import UnavailableError
from recomind.settings import Settings
from recomind.stores.archive import Archive
from recomind.stores.redis_store import RedisStore
from recomind.stream import topics
from tests.conftest import workers
from tests.integration.tls_proxy import tls_proxy_for

PASSWORD = "correct-horse-battery"
LOGIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class SecureKafka(Kafka):
    """Kafka that accepts only clients that use TLS and a password."""

    def _configuration(self):
        listener = f"SASL_SSL://{self.address}"
        controller = f"CONTROLLER://127.0.0.1:{self._controller_port}"
        return {
            **super()._configuration(),
            "listeners": f"{listener},{controller}",
            "advertised.listeners": listener,
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                f'{LOGIN_MODULE} username="recomind" password="{PASSWORD}" user_recomind="{PASSWORD}";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.folder.parent / "server.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.folder.parent / "ca.pem",
        }


def to_pkcs8(pem):
    """A private key in PKCS 8, the only format that Kafka reads."""
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def secure_settings(tmp_path_factory):
    """Settings for servers that accept only TLS."""
    folder = tmp_path_factory.mktemp("tls")
    ca = str(folder / "ca.pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca)
    server = authority.issue_cert("127.0.0.1")
    key = to_pkcs8(server.private_key_pem.bytes())
    (folder / "server.pem").write_bytes(key + b"".join(pem.bytes() for pem in server.cert_chain_pems))
    servers = [SecureKafka(folder / "kafka"), Postgres(folder / "postgres"), Redis(folder / "redis")]
    with ExitStack() as exits:
        for started in servers:
            started.prepare()
            started.start()
            exits.callback(started.stop)
        for started in servers:
            started.wait_ready()
        kafka, postgres, redis = servers
        postgres_port = exits.enter_context(tls_proxy_for(postgres.port, server, postgres=True))
        redis_port = exits.enter_context(tls_proxy_for(redis.port, server))
        yield Settings(
            kafka_brokers=kafka.address,
            kafka_security_protocol="SASL_SSL",
            kafka_ca_file=ca,
            kafka_user="recomind",
            kafka_password=PASSWORD,
            postgres_dsn=f"postgresql://postgres@127.0.0.1:{postgres_port}/postgres?sslmode=verify-full&sslrootcert={ca}",
            redis_url=f"rediss://127.0.0.1:{redis_port}/0?ssl_ca_certs={ca}",
            partitions=2,
            session_timeout=6.0,
        )


def post_json(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def get_json(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


async def count_archived(dsn):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("SELECT count(*) FROM video_actions")
    finally:
        await connection.close()


async def test_an_action_is_counted_over_tls_and_the_password_is_not_logged(secure_settings, tmp_path):
    with workers(secure_settings, tmp_path) as start:
        worker = start().wait_ready()
        sent = post_json(f"{worker.base_url}/video_action", {"user_id": "u", "video_id": "v", "action_type": "like"})
        assert sent["status"] == 202
        deadline = time.monotonic() + 30
        while (
            get_json(f"{worker.base_url}/users/u/profile")["likes"] != 1
            or await count_archived(secure_settings.postgres_dsn) != 1
        ):
            assert time.monotonic() < deadline, worker.log.read_text()[-4000:]
            await asyncio.sleep(0.1)
        assert worker.stop() == 0
        # The second worker restores the state from the changelog over TLS.
        restarted = start().wait_ready()
        assert get_json(f"{restarted.base_url}/users/u/profile")["likes"] == 1
        assert PASSWORD not in worker.log.read_text() + restarted.log.read_text()


async def test_a_certificate_from_an_unknown_authority_is_refused(secure_settings, tmp_path):
    other_authority = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other_authority)
    dsn, url = secure_settings.postgres_dsn.split("&")[0], secure_settings.redis_url.split("?")[0]
    archive, values = (
        Archive(f"{dsn}&sslrootcert={other_authority}"),
        RedisStore(f"{url}?ssl_ca_certs={other_authority}"),
    )
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await archive.open()
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        await values.get_many(["a"])
    await values.close()
    untrusting = replace(secure_settings, kafka_ca_file=str(other_authority))
    with pytest.raises(KafkaConnectionError):
        await topics.provision(untrusting)


async def test_a_wrong_password_is_refused(secure_settings):
    with pytest.raises(KafkaConnectionError):
        await topics.provision(replace(secure_settings, kafka_password="guessed"))
