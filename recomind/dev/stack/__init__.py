"""Kafka, PostgreSQL and Redis as child processes: all of RecoMind on one machine, with nothing installed by hand.

What belongs here: finding the servers' programs, starting and stopping them, and their data folder. What does not:
topics, tables and keys. A server whose address the settings give is not started. May import `settings`, `errors`.
"""
