"""Rules: follow the topic, and have rules start and end by Kafka's time."""

from recomind.runtime.app import RecoMindApp


def declare(app: RecoMindApp) -> None:
    """Declare the agent on an app."""
    app.task(app.rule_stream.run)
    app.schedule.follow_log_time(app.ranking_cache.rules.advance, app.kafka_producer.clock.now)
