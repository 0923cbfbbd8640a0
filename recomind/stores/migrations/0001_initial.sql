-- The schema of RecoMind 0.1, which ran these statements at each start. Each one does nothing if its table or index
-- exists, so a database of that version is taken over.
-- Ids are text: any 1 to 128 printable characters (docs/decisions/0004).
CREATE TABLE IF NOT EXISTS users (
    user_id text PRIMARY KEY,
    name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS videos (
    video_id text PRIMARY KEY,
    title text NOT NULL,
    url text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    creator_id text,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Ids of changed videos in order of change. Workers poll it to follow the catalogue.
CREATE TABLE IF NOT EXISTS catalogue_changes (
    change_id bigserial PRIMARY KEY,
    video_id text NOT NULL
);
CREATE TABLE IF NOT EXISTS video_actions (
    id uuid PRIMARY KEY,
    user_id text NOT NULL,
    video_id text NOT NULL,
    action_type text NOT NULL CHECK (action_type IN ('view', 'like', 'skip')),
    timestamp timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS video_actions_of_user ON video_actions (user_id, timestamp DESC);
-- Erased users: their actions up to this offset in the log of their partition are not inserted again.
CREATE TABLE IF NOT EXISTS forgotten_people (
    user_id text PRIMARY KEY,
    log_offset bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS user_profiles (
    user_id text PRIMARY KEY,
    top_tags text[] NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS video_popularity (
    video_id text PRIMARY KEY,
    score double precision NOT NULL,
    last_updated timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS video_popularity_by_score ON video_popularity (score DESC);
-- Fencing tokens: the latest generation of each consumer group that has written (see recomind/stores/fencing.py).
CREATE TABLE IF NOT EXISTS generations (
    group_id text PRIMARY KEY,
    generation bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
