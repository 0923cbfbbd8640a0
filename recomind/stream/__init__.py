"""How records reach agents and leave them: the batch transport, partitioning, packed sending.

What belongs here: the parts of Faust and aiokafka that we extend, each with a contract test for every private name
it relies on. What does not: topics, agents, what records mean. May import `settings`, `errors` and the libraries.
"""
