"""What is written down outside Kafka: the read model in Redis, the archive in PostgreSQL.

What belongs here: keys, TTLs, SQL, and the clients' errors turned into ours at one border. What does not: what is
worth storing (agents) or how it is shown (web). May import the core, `settings` and `errors`.
"""
