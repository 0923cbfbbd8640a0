"""RecoMind: live, exact recommendations of short videos on Faust and Kafka.

What belongs here: everything that the four root packages `tables`, `agents`, `web` and the tests build on.
The pure core (`events`, `signals`, `state`, `candidates`, `ranking`, `engine`) decides and never touches the
world: no I/O, no clock, no randomness, no framework. The rest (`settings`, `stores`, `stack`, `transport`,
`app`, `topics`, `worker`, `commands`) connects it to Kafka, Redis, PostgreSQL and people.
What may be imported is written in `.importlinter` and drawn in `docs/architecture.md`.
"""
