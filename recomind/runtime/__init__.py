"""The parts of one running worker: the Faust app, its queues, its heartbeat and its metrics.

What belongs here: what agents and web handlers of one process share. What does not: a batch's work (`recomind_agents`),
HTTP handlers (`recomind_web`), ranking (`recommender`). May import `stores`, `stream` and below.
"""
