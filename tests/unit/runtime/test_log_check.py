"""The log and the topics with state are those that the stores were made from."""

import pytest

from recomind.errors import LogReplacedError, StateLostError, TopicMismatchError
from recomind.model.log_identity import LogIdentity
from recomind.runtime.log_check import check_log, check_state, check_state_partitions
from recomind.settings import Settings
from recomind.stores.log_registry import KnownTopic
from recomind.stream.topic_metadata import KafkaTopic, KafkaTopics
from recomind.stream.topics import ACTIONS, SIGNALS, state_topics

SETTINGS = Settings(partitions=4)
KNOWN = {name: KnownTopic(f"id of {name}", 4) for name in (ACTIONS, *state_topics("recomind"))}
FOUND = KafkaTopics("cluster", {name: KafkaTopic(*topic) for name, topic in KNOWN.items()})
LOG = LogIdentity(4, FOUND.id_of(ACTIONS))


def without(name):
    return KafkaTopics("cluster", {one: topic for one, topic in FOUND.topics.items() if one != name})


def created_again(name):
    return KafkaTopics("cluster", {**FOUND.topics, name: KafkaTopic("another id", 4)})


def test_nothing_is_wrong_with_the_same_topics():
    check_log("PostgreSQL", LOG, FOUND)
    check_log("PostgreSQL", None, FOUND)
    check_state(SETTINGS, KNOWN, FOUND)
    check_state_partitions(SETTINGS, KNOWN, FOUND)


@pytest.mark.parametrize("found", [created_again(ACTIONS), without(ACTIONS), FOUND._replace(cluster_id="another")])
def test_another_log_is_refused_with_both_ways_out(found):
    with pytest.raises(LogReplacedError, match=r"PostgreSQL was made from .* address .* correct it; .* adopt-log"):
        check_log("PostgreSQL", LOG, found)


def test_a_broker_that_tells_no_topic_ids_is_known_by_its_cluster():
    old = KafkaTopics("cluster", {ACTIONS: KafkaTopic("", 4)})
    check_log("PostgreSQL", LOG, old)
    check_log("PostgreSQL", LogIdentity(4, "cluster/"), FOUND)
    with pytest.raises(LogReplacedError):
        check_log("PostgreSQL", LogIdentity(4, "other/"), FOUND)


@pytest.mark.parametrize("topic", state_topics("recomind"))
def test_a_topic_with_state_that_is_gone_or_another_one_is_refused(topic):
    for found in (without(topic), created_again(topic)):
        with pytest.raises(StateLostError, match=f"{topic} was deleted.* another RECOMIND_APP_ID"):
            check_state(SETTINGS, KNOWN, found)


def test_a_missing_topic_with_state_is_refused_even_if_no_topic_is_known_yet():
    with pytest.raises(StateLostError, match="recomind-profiles-changelog"):
        check_state(SETTINGS, {}, without("recomind-profiles-changelog"))


@pytest.mark.parametrize("known", [{}, {name: one for name, one in KNOWN.items() if "seen_blocks" not in name}])
def test_the_changelog_of_a_table_that_a_version_adds_need_not_exist(known):
    check_state(SETTINGS, known, without("recomind-seen_blocks-changelog"))


def test_state_of_another_number_of_partitions_is_refused():
    settings = Settings(partitions=8)
    with pytest.raises(TopicMismatchError, match=f"{SIGNALS} was .* for 4 partitions, .* 8: see More partitions"):
        check_state_partitions(settings, KNOWN, FOUND)
    check_state_partitions(settings, {}, FOUND)
