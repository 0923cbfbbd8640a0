"""Follows the topic `rules`, so that this worker applies a rule or scenario within milliseconds.

The topic is where rules are stored: it is compacted, and a worker that starts reads it from its beginning before it
serves. The last record of a rule counts; a record without a rule deletes it. A change is written twice: under a key of
its own, which stays as the history, and then under the key of the rule. Changes that the history has no room for get
tombstones.
"""

from collections.abc import Callable, Iterable
from itertools import islice

import msgspec
from aiokafka import ConsumerRecord
from mode.utils.logging import get_logger

from recomind.model.rules import RuleRecord, decode_rule_record, encode_rule_record
from recomind.model.text import InvalidFieldError
from recomind.runtime.catalogue_stream import CatalogueStream
from recomind.runtime.change_history import MAX_HISTORY, is_history, keys_of_change
from recomind.runtime.experiment_stream import ExperimentStream
from recomind.runtime.topic_stream import TopicStream, readable
from recomind.settings import Settings
from recomind.stores.ranking_cache import RankingCache
from recomind.stream import topics
from recomind.stream.encoding import VERSION_HEADERS, place_of
from recomind.stream.producer import Producer, ProducerRecord

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
        self._history: dict[bytes, RuleRecord] = {}

        def apply_record(record: ConsumerRecord) -> None:
            if is_history(record):
                self._note(record)
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

    @property
    def history(self) -> Iterable[RuleRecord]:
        """The latest changes of rules and scenarios, the earliest first."""
        return islice(self._history.values(), max(0, len(self._history) - MAX_HISTORY), None)

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
        keys, content = keys_of_change(f"{record.kind}:{record.name}".encode()), encode_rule_record(dated)
        surplus = islice(self._history, max(0, len(self._history) + 1 - MAX_HISTORY))
        records = [ProducerRecord(old, None, VERSION_HEADERS) for old in surplus]
        records += [ProducerRecord(one, content, VERSION_HEADERS) for one in keys]
        await self.send_and_apply(producer, records, "rule")

    def _note(self, record: ConsumerRecord) -> None:
        """Apply a record of the history; without a value, the history has no room for its change any more."""
        change = None if record.value is None else readable_rule(record)
        if change is None:
            self._history.pop(record.key or b"", None)
        else:
            self._history[record.key or b""] = change


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
