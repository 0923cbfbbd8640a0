"""How agents meet a control record: literal records in, literal values and signals out."""

import msgspec

from recomind.model.events import Forget
from recomind.model.signals import Forgotten, Origin, repaired_lane
from recomind.state.forgetting import key_of, person_of
from recomind.state.profile import Profile, apply
from recomind.stream.codec import read_record, repair_headers
from tests.agents.test_agents import record

EVENT = "6f1ed002-ab55-4bb1-8f3f-9d2c5b1f0a11"
LIKE = b'{"user_id":"u","video_id":"v","action_type":"like","event_id":"%s"}' % EVENT.encode()
FORGET = b'{"user_id":"u","action_type":"forget"}'


def folded(records, person=None):
    person, sent = person or Profile(), []
    for one in records:
        read = read_record(one, 4)
        person, signals = apply(person, read.origin, read.record.offset, read.action)
        sent += signals
    return person, sent


def test_a_control_record_tells_videos_up_to_where_the_persons_signals_are_void():
    log = [record(LIKE, 5, 3), record(FORGET, 6, 3)]
    person, sent = folded(log)
    assert person == Profile(origins={3: 6}, forgotten_at=6)
    assert sent[-1] == Forgotten("u", {3: 6}, 6)


def test_nothing_from_before_comes_back_when_the_log_comes_again():
    """A repeated event is known by its id, which is forgotten: the place in the log still tells that it is old."""
    again = record(LIKE, 6, 3, repair_headers(record(LIKE, 2, 1)))
    log = [record(LIKE, 5, 3), again, record(FORGET, 7, 3), record(LIKE, 8, 3)]
    person, sent = folded(log)
    assert (person.like_count, len(sent)) == (1, 3)
    assert folded(log, person) == (person, [])
    blank, _ = folded(log[:3])
    assert folded(log, blank) == (person, sent[-1:])


def test_a_control_record_in_a_wrong_partition_is_sent_on_like_an_action():
    read = read_record(record(FORGET, 9, 1), 4)
    assert (read.astray, read.action) == (True, Forget("u"))
    arrived = read_record(record(FORGET, 70, 3, repair_headers(read.record)), 4)
    assert (arrived.astray, arrived.origin) == (False, Origin(repaired_lane(1, 3), 9))
    person, [sent] = apply(Profile(), arrived.origin, arrived.record.offset, arrived.action)
    assert (person.forgotten_at, sent.at) == (70, 70)


def test_a_forgotten_profile_survives_its_encoding():
    person, _ = folded([record(LIKE, 5, 3), record(FORGET, 6, 3)])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(person), type=Profile) == person


def test_a_partition_notes_a_person_under_a_key_that_gives_her_back():
    assert person_of(key_of(12, "3:u:1")) == "3:u:1"
