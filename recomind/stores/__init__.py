"""Everything that is stored outside Kafka: the read model in Redis and the archive in PostgreSQL.

Belongs here: keys, TTLs, SQL, migrations, fencing, and the translation of client errors to `recomind.errors`.
Does not belong here: what is worth storing (agents) and how it is shown (web). May import the recommender, the topic
names, `settings` and `errors`.
"""
