-- The logs of actions that state was made from, the latest last. The first row is written by the first worker that
-- starts, a further one by `recomind adopt-log` after Kafka was replaced (docs/decisions/0050).
CREATE TABLE kafka_logs (
    log_number serial PRIMARY KEY,
    log_id text NOT NULL,
    prefix text NOT NULL,
    partitions integer NOT NULL,
    unproven_until double precision NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT now()
);
-- Topics by name, as they were when a worker last started: a topic that is created again has another id.
CREATE TABLE kafka_topics (
    topic text PRIMARY KEY,
    topic_id text NOT NULL,
    partitions integer NOT NULL
);
-- Erasure offsets count only in the log, and for the number of partitions, that they were recorded for.
ALTER TABLE forgotten_people ADD COLUMN log_scope text NOT NULL DEFAULT '';
