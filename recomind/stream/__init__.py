"""Kafka: the batch transport for Faust, the producer, tables with changelogs, and readers of whole topics.

What belongs here: topics and their settings, record formats, and the parts of Faust and aiokafka that we extend, each
with a contract test for every private name it relies on. What does not: agents, and what is computed from records.
May import `settings`, `errors`, `model` and the libraries.
"""
