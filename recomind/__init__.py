"""RecoMind: a streaming recommender of short videos on Faust and Kafka.

Packages, from the top layer down: `cli` (commands), `dev` (embedded servers, simulator, benchmarks), `worker` (wires
one worker), `runtime` (parts of a running worker), `offline` (evaluation and verification over whole logs), `stores`
(Redis and PostgreSQL), `recommender` (candidates, features, blend, slate), `stream` (Kafka), `state` (folds), `client`
(HTTP client), `settings`, `model` (values that travel between processes) and `errors`. Agents, web handlers and tables
are separate packages in the folders `agents/`, `web/` and `tables/`. `.importlinter` holds the import rules;
`docs/architecture.md` explains the structure.
"""
