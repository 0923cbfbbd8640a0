"""Follows the topic `rules`, so that this worker applies a rule or scenario within milliseconds.

The topic is where rules are stored: it is compacted, and a worker that starts reads it from its beginning before it
serves. The last record of a rule counts; a record without a rule deletes it. The topic holds the history of changes,
too.
"""

from collections.abc import Callable

import msgspec
from aiokafka import ConsumerRecord
from mode.utils.logging import get_logger

from recomind.model.rules import RuleRecord, decode_rule_record, encode_rule_record
from recomind.model.text import InvalidFieldError
from recomind.runtime.catalogue_stream import CatalogueStream
from recomind.runtime.experiment_stream import ExperimentStream
from recomind.runtime.topic_stream import TopicStream, readable
from recomind.settings import Settings
from recomind.stores.ranking_cache import RankingCache
from recomind.stream import topics
from recomind.stream.change_history import ChangeHistory
from recomind.stream.encoding import place_of
from recomind.stream.producer import Producer

logger = get_logger(__name__)


class RuleStream(TopicStream):
    """Sends and applies the records of the topic."""

    def __init__(self, settings: Settings, apply: Callable[[RuleRecord], object]) -> None:
        """Create a stream that is not connected yet.

        Args:
            settings: the brokers, and how many partitions there are.
            apply: called with each record, in the order of its partition.
        """
        self.latest: dict[tuple[str, str], RuleRecord] = {}
        """(kind, name) of each rule and scenario that there is to its latest record."""
        self.history = ChangeHistory(readable_rule)

        def apply_record(record: ConsumerRecord) -> None:
            if self.history.apply(record):
                return
            rule = readable_rule(record)
            if rule is None:
                return
            self.latest.pop((rule.kind, rule.name), None)
            if rule.rule is not None or rule.scenario is not None:
                self.latest[rule.kind, rule.name] = rule
            try:
                apply(rule)
            except InvalidFieldError as error:
                logger.warning("%s holds a rule that cannot be applied: %s", place_of(record), error)

        super().__init__(settings, topics.RULES, apply_record)

    async def send(self, producer: Producer, record: RuleRecord, changed_by: str) -> None:
        """Send a record, and return when this worker has applied it.

        Args:
            producer: sends it, and says when.
            record: without who and when.
            changed_by: name of the API key.

        Raises:
            UnavailableError: Kafka did not acknowledge it, or it cannot be read.
        """
        dated = msgspec.structs.replace(record, changed_by=changed_by, changed_at=producer.clock.now())
        changes = {f"{record.kind}:{record.name}".encode(): encode_rule_record(dated)}
        await self.send_and_apply(producer, self.history.records_of(changes), "rule")


def readable_rule(record: ConsumerRecord) -> RuleRecord | None:
    """The rule or scenario that a record holds; None, and a line in the log, if it holds none.

    Raises:
        NewerEncodingError: a newer RecoMind wrote it.
    """
    return readable(record, decode_rule_record, "rule")


def streams_of(settings: Settings, cache: RankingCache) -> tuple[CatalogueStream, RuleStream, ExperimentStream]:
    """The streams that keep a worker's catalogue, rules and experiments up to date."""
    return (
        CatalogueStream(settings, cache.loader.catalogue.apply),
        RuleStream(settings, cache.rules.apply),
        ExperimentStream(settings, cache.experiments.apply),
    )
