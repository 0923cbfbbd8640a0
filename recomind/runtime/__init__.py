"""The parts of one running worker: the Faust app and its collaborators, queues, heartbeat, metrics and statistics.

What belongs here: what agents and web handlers of one process share. What does not: agents (`recomind_agents`), HTTP
handlers (`recomind_web`) and ranking (`recommender`). May import `stores`, `stream` and below.
"""
