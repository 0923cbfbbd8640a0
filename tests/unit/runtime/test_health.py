"""Why a worker is degraded."""

from recomind.runtime.health import ERASURE, LOG_CUT, WAITING, Health
from recomind.runtime.heartbeat import OUTAGE_GRACE_S, Heartbeat


def test_reasons_stay_until_their_cause_is_gone(caplog):
    health = Health(Heartbeat(10.0))
    assert health.reasons == {}
    for _ in range(2):
        health.degrade(LOG_CUT, "partition 1 was cut", 1)
    health.degrade(LOG_CUT, "partition 2 was cut", 2)
    health.degrade(ERASURE, "a user stays")
    assert health.reasons == {LOG_CUT: "partition 1 was cut; partition 2 was cut", ERASURE: "a user stays"}
    health.recover(LOG_CUT, 1)
    health.recover(ERASURE)
    assert health.reasons == {LOG_CUT: "partition 2 was cut"}
    assert [one.message for one in caplog.records].count("partition 1 was cut") == 1


def test_work_that_waits_for_a_server_is_a_reason_as_long_as_it_waits():
    now = [100.0]
    heartbeat = Heartbeat(10.0, clock=lambda: now[0])
    health = Health(heartbeat)
    heartbeat.note_outage("records wait: Kafka does not answer")
    assert health.reasons == {WAITING: "records wait: Kafka does not answer"}
    now[0] += OUTAGE_GRACE_S
    assert health.reasons == {}
