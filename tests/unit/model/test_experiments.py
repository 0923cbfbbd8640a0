"""What is wrong with an experiment is said by field."""

import msgspec
import pytest

from recomind.model.experiments import (
    Experiment,
    ExperimentRecord,
    check_experiment,
    decode_experiment_record,
    encode_experiment_record,
)
from recomind.model.ranking_names import RankingNames
from recomind.model.text import InvalidFieldError

RANKERS = ("hybrid", "random")
KNOWN = RankingNames({"trending"}, RANKERS, RANKERS.__contains__, {"random"}.__contains__)
ARMS = '[{"name":"A"},{"name":"B","ranker":"random"}]'


def parse(text):
    return msgspec.json.decode(text, type=Experiment)


def check(text, name="e"):
    check_experiment(name, parse(text), KNOWN)


def test_a_valid_experiment_is_accepted_and_stored():
    experiment = parse(f'{{"arms":{ARMS},"forced":{{"u1":"B"}},"guardrails":[{{"metric":"like_rate"}}]}}')
    check_experiment("e", experiment, KNOWN)
    record = ExperimentRecord("e", experiment, 5.0, 10, {"B": "worse"})
    assert decode_experiment_record(encode_experiment_record(record)) == record


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (f'{{"name":"f","arms":{ARMS}}}', "name"),
        ('{"arms":[{"name":"A"},{"name":"A"}]}', "arms"),
        ('{"arms":[{"name":"A"},{"name":"B","sources":["gossip"]}]}', "arms"),
        ('{"arms":[{"name":"A"},{"name":"B","ranker":"gossip"}]}', "arms"),
        ('{"arms":[{"name":"A"},{"name":"B","ranker":"random","sources":["trending"]}]}', "arms"),
        ('{"mode":"interleaving","arms":[{"name":"A"},{"name":"B","share":3}]}', "arms"),
        (f'{{"arms":{ARMS},"forced":{{"u1":"C"}}}}', "forced"),
        (f'{{"arms":{ARMS},"starts_at":"2026-11-27T12:00:00"}}', "starts_at"),
        (f'{{"arms":{ARMS},"starts_at":"2026-11-27T12:00:00Z","ends_at":"2026-11-27T11:00:00Z"}}', "ends_at"),
        ('{"mode":"interleaving","arms":[{"name":"A"},{"name":"B"},{"name":"C"}]}', "arms"),
        (f'{{"mode":"interleaving","arms":{ARMS},"guardrails":[{{"metric":"like_rate"}}]}}', "guardrails"),
        ('{"mode":"interleaving","arms":[{"name":"A"},{"name":"B","context":false}]}', "arms"),
        ('{"mode":"interleaving","arms":[{"name":"A"},{"name":"B","own_weights":true}]}', "arms"),
        (f'{{"mode":"interleaving","arms":{ARMS},"forced":{{"u1":"A"}}}}', "forced"),
    ],
)
def test_a_fault_is_named(text, field):
    with pytest.raises(InvalidFieldError) as error:
        check(text)
    assert error.value.field == field


def test_what_users_get_decides_whether_counts_go_on():
    one = parse(f'{{"arms":{ARMS}}}')
    assert one.is_same_test(parse(f'{{"arms":{ARMS},"note":"n","matters":0.1}}'))
    assert not one.is_same_test(parse(f'{{"arms":{ARMS},"traffic":0.5}}'))
