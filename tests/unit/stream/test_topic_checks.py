"""What is said about topics that are not as they have to be."""

import pytest

from recomind.stream.topic_checks import config_problems, partition_problems
from recomind.stream.topics import COMPACTED_CONFIG, LOG_CONFIG

RIGHT = {**LOG_CONFIG, "max.message.bytes": "1048588"}


def test_topics_that_we_create_are_right():
    assert list(config_problems("t", RIGHT, LOG_CONFIG, "k:1")) == []
    assert list(config_problems("t", {**RIGHT, **COMPACTED_CONFIG}, COMPACTED_CONFIG, "k:1")) == []


@pytest.mark.parametrize(
    ("key", "found", "right"),
    [
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("retention.ms", "604800000", "-1"),
        ("retention.bytes", "1000", "-1"),
        ("cleanup.policy", "compact,delete", "delete"),
        ("max.message.bytes", "100000", "1048588"),
    ],
)
def test_a_wrong_configuration_is_named_with_the_command_that_mends_it(key, found, right):
    [problem] = config_problems("t", {**RIGHT, key: found}, LOG_CONFIG, "k:1")
    assert f"topic t has {key}={found}, but needs {key}={right}" in problem
    command = (
        f"`kafka-configs.sh --bootstrap-server k:1 --alter --entity-type topics --entity-name t --add-config {key}="
    )
    assert command in problem


def test_a_changelog_that_deletes_old_records_is_refused():
    [problem] = config_problems("t", {**RIGHT, "cleanup.policy": "delete"}, COMPACTED_CONFIG, "k:1")
    assert "topic t has cleanup.policy=delete, but needs cleanup.policy=compact" in problem


def test_partitions_that_all_topics_have_can_be_set():
    assert list(partition_problems({"a": 4, "b": 4}, 4)) == []
    [problem] = partition_problems({"a": 8, "b": 8}, 4)
    assert problem.endswith("but RECOMIND_PARTITIONS is 4: set RECOMIND_PARTITIONS=8")


def test_partitions_that_only_one_topic_has_are_not_to_be_set():
    [problem] = partition_problems({"a": 8, "b": 4}, 4)
    assert (
        problem == "topic a has 8 partitions, but RECOMIND_PARTITIONS is 4: see More partitions in docs/operations.md"
    )
