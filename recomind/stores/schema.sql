-- The archive. Ids are text: any 1 to 128 printable characters (docs/decisions/0004-ids-are-text.md).
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
-- Which videos changed, in which order: workers follow it to know the catalogue.
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
-- Who was forgotten: what stands in the log of actions up to this offset of the person's partition is not taken in again.
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
-- The latest generation of each group of workers that has written scores and profiles (see recomind/stores/fencing.py).
CREATE TABLE IF NOT EXISTS generations (
    group_id text PRIMARY KEY,
    generation bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
