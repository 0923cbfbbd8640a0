"""Kafka, PostgreSQL and Redis as child processes, from Python packages: nothing has to be installed by hand.

What belongs here: finding the servers' programs, starting and stopping them, and their data folder. What does not:
topics, tables and keys. A server whose address is in the settings is not started. May import `settings`, `errors`.
"""
