"""RecoMind: a streaming-first recommender of short videos on Faust and Kafka.

The packages, from the top: `cli` (commands), `dev` (embedded servers, simulator, benchmark), `worker` (wires one
worker), `runtime` (the parts of a running worker), `offline` (work on whole logs), `stores` (Redis and PostgreSQL),
`recommender` (candidates, features, blend, slate), `stream` (Kafka), `state` (folds), `client`, `settings`, `model`
(values that travel) and `errors`. Agents, web handlers and tables are packages of their own in the folders `agents/`,
`web/` and `tables/`. `.importlinter` holds what may import what; `docs/architecture.md` draws it.
"""
